import { checksOf } from '../check';
import type { ChanceEstimate } from './chance';
import { type Decision, decision, type Hits, hitRate, LEVELS, pValueOf, short } from './decision';
import { lowerLimit } from './interval';
import { logUpperTail } from './tails';

/** {@link Decision} of {@link binomialTest}; `statistic` is the number of hits. */
export interface BinomialDecision extends Decision, Hits {
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
 * `estimateChance`. A refused query counts as a miss. The p-value and interval are those of R's
 * `binom.test(hits, queries, chance, alternative = "greater")`: the interval excludes `chance` when the test
 * rejects.
 *
 * @param chance β, between 0 and 1, or what `estimateChance` returns: then the p-value is the one at its limit
 *   plus the probability that the limit is too low (Berger and Boos 1994, JASA 89:1012), and the suspect, if
 *   innocent, must be exchangeable with the reference models
 * @param alpha significance level, at most ½; rejected when p ≤ alpha
 * @example binomialTest({ hits: 8, queries: 30, chance: 0.1, alpha: 0.05 }).pValue // 0.00778
 */
export function binomialTest(
  options: Hits & { chance: number | ChanceEstimate; alpha: number },
): BinomialDecision {
  const { hits, queries, alpha } = options;
  const check = checksOf('binomialTest');
  check.hits(hits, queries);
  check.number('alpha', alpha, LEVELS);
  const estimate = typeof options.chance === 'object' ? options.chance : undefined;
  const chance = check.number('chance', estimate?.chance ?? (options.chance as number), '(0, 1)');
  const estimateError = estimate === undefined ? 0 : 1 - estimate.confidence;
  return decision(
    {
      method: 'binomialTest',
      nullHypothesis: `a query is answered with the target label with chance at most ${short(chance)}`,
      assumptions: [
        ...(estimate?.assumptions ?? ['chance is an upper bound of the chance of a clean model']),
        'queries are independent',
        'their number was fixed beforehand',
      ],
      statistic: hits,
      pValue: Math.min(1, pValueOf(Math.exp(logUpperTail(hits, queries, chance))) + estimateError),
      alpha,
      hits,
      queries,
      attackSuccessRate: hits / queries,
      chance,
      interval: [lowerLimit(hits, queries, alpha), 1] as const,
    },
    hitRate(options),
  );
}
