import { checksOf } from '../check';
import type { Hits } from './decision';
import { logLowerTail, logUpperTail, turningPoint } from './tails';

/**
 * Two-sided Clopper–Pearson interval for a proportion, as R's `binom.test` gives it.
 *
 * It misses the true value with probability at most 1 − confidence, half of that on each side. Assumption: the
 * queries are independent, each a hit with the same probability. Clopper and Pearson (1934), Biometrika 26:404.
 *
 * @example clopperPearson({ hits: 12, queries: 30, confidence: 0.95 })[0] // 0.227
 */
export function clopperPearson(options: Hits & { confidence: number }): readonly [number, number] {
  const { hits, queries, confidence } = options;
  const check = checksOf('clopperPearson');
  check.hits(hits, queries);
  const side = (1 - check.number('confidence', confidence, '[0.5, 1)')) / 2;
  return [lowerLimit(hits, queries, side), upperLimit(hits, queries, side)];
}

/** Clopper–Pearson lower limit: the chance at which so many hits have probability `alpha`. */
export function lowerLimit(hits: number, queries: number, alpha: number): number {
  if (hits === 0) return 0;
  return turningPoint(p => logUpperTail(hits, queries, p) > Math.log(alpha), 0, 1);
}

/** Clopper–Pearson upper limit: the chance at which so few hits have probability `alpha`. */
export function upperLimit(hits: number, queries: number, alpha: number): number {
  if (hits === queries) return 1;
  return turningPoint(p => logLowerTail(hits, queries, p) < Math.log(alpha), 0, 1);
}
