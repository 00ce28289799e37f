import { jStat } from 'jstat';

/*
 * Tail probabilities with full relative accuracy, in logarithms, so that 1e-100 (or 1e-400) is as good a number
 * as 0.05. jStat's own tails are 1 − cdf, rounded to ten decimals; its Student quantile is a start, polished below.
 */

/** log P(X = hits) for X ~ Binomial(trials, chance), 0 < chance < 1. */
export function logBinomial(hits: number, trials: number, chance: number): number {
  const misses = trials - hits;
  if (hits === 0) return trials * Math.log1p(-chance);
  if (misses === 0) return trials * Math.log(chance);
  return logBetaDensity(chance, 1 - chance, hits, misses) + Math.log(trials / hits / misses);
}

/** log P(X ≥ hits) for X ~ Binomial(trials, chance). */
export function logUpperTail(hits: number, trials: number, chance: number): number {
  if (hits <= 0) return 0;
  if (hits > trials) return -Infinity;
  return logIncompleteBeta(chance, 1 - chance, hits, trials - hits + 1);
}

/** log P(X ≤ hits) for X ~ Binomial(trials, chance). */
export function logLowerTail(hits: number, trials: number, chance: number): number {
  if (hits >= trials) return 0;
  if (hits < 0) return -Infinity;
  return logIncompleteBeta(1 - chance, chance, trials - hits, hits + 1);
}

/** P(T > t) for T of Student's distribution with `degrees` degrees of freedom. */
export function studentTail(t: number, degrees: number): number {
  if (t === 0) return 0.5;
  if (!Number.isFinite(t)) return t > 0 ? 0 : 1;
  const ratio = (t / degrees) * t;
  const tail = Math.exp(logIncompleteBeta(1 / (1 + ratio), ratio / (1 + ratio), degrees / 2, 0.5)) / 2;
  return t > 0 ? tail : 1 - tail;
}

/** The quantile of Student's distribution at a probability from ½ on: jStat's, improved by two Newton steps. */
export function studentQuantile(probability: number, degrees: number): number {
  let t = jStat.studentt.inv(probability, degrees);
  for (let step = 0; step < 2; step++) {
    t += (studentTail(t, degrees) - (1 - probability)) / jStat.studentt.pdf(t, degrees);
  }
  return t;
}

/** The point in [low, high] where `isAbove` turns true, by bisection down to neighbouring doubles. */
export function turningPoint(isAbove: (x: number) => boolean, low: number, high: number): number {
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return high;
    if (isAbove(middle)) high = middle;
    else low = middle;
  }
}

/** log of the regularized incomplete beta function I_x(a, b), y = 1 − x (DLMF 8.17). */
function logIncompleteBeta(x: number, y: number, a: number, b: number): number {
  // the fraction converges fast below the mean; above it the complement is the small one
  if (x > (a + 1) / (a + b + 2)) return Math.log1p(-Math.exp(logIncompleteBeta(y, x, b, a)));
  return logBetaDensity(x, y, a, b) - Math.log(betaFraction(x, y, a, b));
}

/**
 * The continued fraction of Didonato and Morris (ACM TOMS 18, 1992, eq. 9), by Lentz's method. It is the even
 * part of the usual one (DLMF 8.17.22), which loses digits where x is close to 1.
 */
function betaFraction(x: number, y: number, a: number, b: number): number {
  const above = a * y - b * x;
  let value = (a / (a + 1)) * (above + 1);
  let upper = value;
  let lower = 0;
  for (let m = 1; ; m++) {
    const root = x / (a + 2 * m - 1);
    const numerator = (a + m - 1) * root * (a + b + m - 1) * root * m * (b - m);
    const denominator = m + m * (b - m) * root + ((a + m) / (a + 2 * m + 1)) * (above + 1 + m * (1 + y));
    lower = 1 / (denominator + numerator * lower);
    upper = denominator + numerator / upper;
    value *= upper * lower;
    if (Math.abs(upper * lower - 1) < 1e-15) return value;
  }
}

/** log of x^a · y^b / B(a, b), y = 1 − x, by Loader's saddle-point form: no difference of large logarithms. */
function logBetaDensity(x: number, y: number, a: number, b: number): number {
  const n = a + b;
  const above = a * y - b * x; // a − n·x, without the cancellation
  const stirling = stirlingError(n) - stirlingError(a) - stirlingError(b);
  const root = 0.5 * Math.log((a / n) * (b / (2 * Math.PI)));
  return root + stirling - deviance(a, n * x, above) - deviance(b, n * y, -above);
}

/** log Γ(z + 1) less Stirling's approximation of it, (z + ½) log z − z + ½ log 2π. */
function stirlingError(z: number): number {
  if (z < 15) return stirlingError(z + 1) + (z + 0.5) * Math.log1p(1 / z) - 1;
  const s = 1 / (z * z);
  return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / z;
}

/** observed · log(observed / expected) − difference, where difference = observed − expected may be small. */
function deviance(observed: number, expected: number, difference: number): number {
  const v = difference / (observed + expected);
  if (Math.abs(v) > 0.1) return observed * Math.log(observed / expected) - difference;
  let sum = difference * v;
  let power = 2 * observed * v;
  for (let k = 3; ; k += 2) {
    power *= v * v;
    const next = sum + power / k;
    if (next === sum) return sum;
    sum = next;
  }
}
