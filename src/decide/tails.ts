import { jStat } from 'jstat';

/*
 * Tail probabilities with full relative accuracy, in logarithms, so that 1e-100 (or 1e-400) is as good a
 * number as 0.05. jStat 1.9.6 cannot give them: its binomial.cdf rounds to ten decimals and is 1 − cdf in the
 * tail, its binomial.pdf is NaN beyond 1,000 trials, its ibeta stops at 3e-7 and after 100 terms, and its
 * six-term gammaln loses 1e-10. Its Student quantile is good to 4e-8: a start, polished below.
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

/** The `probability`-quantile of Student's distribution: jStat's, improved by two Newton steps on the tail. */
export function studentQuantile(probability: number, degrees: number): number {
  let t = jStat.studentt.inv(probability, degrees);
  for (let step = 0; step < 2; step++) {
    const error =
      t < 0 ? probability - studentTail(-t, degrees) : studentTail(t, degrees) - (1 - probability);
    t += error / jStat.studentt.pdf(t, degrees);
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
  return logBetaDensity(x, y, a, b) - Math.log(a * betaFraction(x, a, b));
}

/** The continued fraction 1 + d₁/(1 + d₂/(1 + …)) of DLMF 8.17.22, by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  let value = 1;
  let upper = 1;
  let lower = 0;
  const multiply = (d: number) => {
    lower = 1 / (1 + d * lower);
    upper = 1 + d / upper;
    value *= upper * lower;
    return Math.abs(upper * lower - 1);
  };
  for (let m = 0; ; m++) {
    const odd = multiply((-(a + m) * (a + b + m) * x) / (a + 2 * m) / (a + 2 * m + 1));
    const even = multiply(((m + 1) * (b - m - 1) * x) / (a + 2 * m + 1) / (a + 2 * m + 2));
    if (odd < 1e-15 && even < 1e-15) return value;
  }
}

/** log of x^a · y^b / B(a, b), y = 1 − x, by Loader's saddle-point form: no difference of large logarithms. */
function logBetaDensity(x: number, y: number, a: number, b: number): number {
  const n = a + b;
  const stirling = stirlingError(n) - stirlingError(a) - stirlingError(b);
  return 0.5 * Math.log((a / n) * (b / (2 * Math.PI))) + stirling - deviance(a, n * x) - deviance(b, n * y);
}

/** log Γ(z + 1) less Stirling's approximation of it, (z + ½) log z − z + ½ log 2π. */
function stirlingError(z: number): number {
  if (z < 15) return stirlingError(z + 1) + (z + 0.5) * Math.log1p(1 / z) - 1;
  const s = 1 / (z * z);
  return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / z;
}

/** observed · log(observed / expected) + expected − observed, also where the two nearly agree. */
function deviance(observed: number, expected: number): number {
  const v = (observed - expected) / (observed + expected);
  if (Math.abs(v) > 0.1) return observed * Math.log(observed / expected) + expected - observed;
  let sum = (observed - expected) * v;
  let power = 2 * observed * v;
  for (let k = 3; ; k += 2) {
    power *= v * v;
    const next = sum + power / k;
    if (next === sum) return sum;
    sum = next;
  }
}
