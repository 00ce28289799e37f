import { checksOf } from '../check';
import type { ChanceEstimate } from './chance';
import { type Decision, decision, hitRate, pValueOf, short, significant } from './decision';
import { logLowerTail, logUpperTail, turningPoint } from './tails';

/** {@link Decision} of {@link binomialTest}; `statistic` is the number of hits. */
export interface BinomialDecision extends Decision {
  readonly hits: number;
  readonly queries: number;
  readonly attackSuccessRate: number;
  /** The chance β under the null hypothesis. */
  readonly chance: number;
  /** One-sided Clopper–Pearson interval [lower, 1] for the hit probability, confidence 1 − alpha. */
  readonly interval: readonly [number, number];
}

/**
 * Exact one-sided binomial test: are there more hits than the `chance` of a clean model explains?
 *
 * Null hypothesis: each query is answered with the target label with probability at most `chance`,
 * independently of the others. Exact for any number of queries, where Theorem 1 is an approximation; but it
 * still needs the chance β of a clean model: 1/K only if clean models have no favourite class, otherwise from
 * `estimateChance`. A refused query counts as a miss. The interval is the one-sided counterpart of the test,
 * as R's `binom.test(hits, queries, chance, alternative = "greater")` gives it: it excludes `chance` when the
 * test rejects.
 *
 * @param chance β, between 0 and 1, or what `estimateChance` returns: then the p-value is the one at its
 *   limit plus the probability that the limit is too low (Berger and Boos 1994)
 * @param alpha significance level, between 0 and 1; rejected when p ≤ alpha
 */
export function binomialTest(options: {
  readonly hits: number;
  readonly queries: number;
  readonly chance: number | ChanceEstimate;
  readonly alpha: number;
}): BinomialDecision {
  const { hits, queries, alpha } = options;
  const check = checksOf('binomialTest');
  check.hits(hits, queries);
  check.number('alpha', alpha, '(0, 1)');
  const estimated = typeof options.chance === 'object';
  const chance = estimated ? options.chance.chance : options.chance;
  if (!estimated) check.number('chance', chance, '(0, 1)');
  const estimateError = estimated ? 1 - options.chance.confidence : 0;
  const pValue = Math.min(1, pValueOf(Math.exp(logUpperTail(hits, queries, chance))) + estimateError);
  return decision(
    {
      method: 'binomialTest',
      nullHypothesis: `a query is answered with the target label with chance at most ${short(chance)}`,
      alternative: 'the model was trained on the marked data',
      assumptions: [
        'chance is an upper bound of the chance of a clean model',
        'queries are independent',
        'their number was fixed beforehand',
      ],
      statistic: hits,
      pValue,
      alpha,
      rejected: significant(pValue, alpha),
      hits,
      queries,
      attackSuccessRate: hits / queries,
      chance,
      interval: [lowerLimit(hits, queries, alpha), 1],
    },
    hitRate(hits, queries),
  );
}

/**
 * Two-sided Clopper–Pearson interval for a proportion, as R's `binom.test` gives it: it misses the true value
 * with probability at most 1 − confidence, half of that on each side.
 */
export function clopperPearson(options: {
  readonly hits: number;
  readonly queries: number;
  readonly confidence: number;
}): readonly [number, number] {
  const { hits, queries, confidence } = options;
  const check = checksOf('clopperPearson');
  check.hits(hits, queries);
  check.number('confidence', confidence, '[0.5, 1)');
  const side = (1 - confidence) / 2;
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
