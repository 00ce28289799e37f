import { checksOf } from '../check';
import { type Decision, decision, type Hits, hitRate, LEVELS, short } from './decision';
import { logBinomial, logLowerTail } from './tails';

/** {@link Decision} so far; `statistic` is the number of hits. */
export interface SequentialDecision extends Decision, Hits {
  /**
   * E_n now. At a moment of stopping that looks only at the past this is an e-value, which may be averaged; the
   * largest E so far, on which `pValue` and `rejected` rest, may not.
   */
  readonly eValue: number;
}

/**
 * Anytime-valid test of the hit probability: look after every query, stop whenever you like.
 *
 * Null hypothesis: whatever came before, a query is answered with the target label with probability at most
 * `chance`. The evidence after n queries with h hits is the likelihood ratio against `chance`, averaged over
 * all p in (chance, 1]:
 *
 *   E_n = B(h+1, n−h+1) · (1 − I_β(h+1, n−h+1)) / ((1−β) · β^h · (1−β)^(n−h)).
 *
 * Under the null hypothesis it exceeds 1/alpha *ever* with probability at most alpha (Ville 1939; the mixture
 * is Robbins 1970, truncated at β). So the test rejects once some E_n ≥ 1/alpha, and stays so; p = 1 / max E.
 * A refused query is a miss.
 *
 * @param chance β of a clean model; with a limit of `estimateChance` the level is alpha + 1 − its confidence
 * @example [true, true, true].map(sequentialTest({ chance: 0.1, alpha: 0.05 }).update).map(d => d.rejected) // [false,true,true]
 */
export function sequentialTest({ chance, alpha }: { chance: number; alpha: number }): {
  /** Counts one more query; takes time of order √n at worst. */
  update(hit: boolean): SequentialDecision;
} {
  const check = checksOf('sequentialTest');
  check.number('chance', chance, '(0, 1)');
  check.number('alpha', alpha, LEVELS);
  const count = anytimeCounter(chance, alpha, {
    method: 'sequentialTest',
    nullHypothesis: `a query is answered with the target label with chance at most ${short(chance)}, whatever came before`,
    assumptions: [
      'chance is an upper bound of the chance of a clean model, at every query, whatever came before',
      'queries are asked in random order: rows that are easily taken for the target do not come first',
    ],
  });
  return {
    update(hit) {
      if (typeof hit !== 'boolean') check.fail('hit', hit, 'true or false');
      return count(hit);
    },
  };
}

/** Counts one draw after the other, each a hit with a chance of at most `chance`, and decides after each. */
export function anytimeCounter(
  chance: number,
  alpha: number,
  claim: Pick<Decision, 'method' | 'nullHypothesis' | 'assumptions'>,
): (hit: boolean) => SequentialDecision {
  let hits = 0;
  let queries = 0;
  let largest = 0;
  return hit => {
    queries++;
    if (hit) hits++;
    const logE = logEValue(hits, queries, chance);
    largest = Math.max(largest, logE);
    return decision(
      {
        ...claim,
        statistic: hits,
        pValue: 1 / boundedExp(largest),
        eValue: boundedExp(logE),
        alpha,
        hits,
        queries,
      },
      hitRate({ hits, queries }),
    );
  };
}

/**
 * log E_n of {@link sequentialTest}, in terms of binomial probabilities: the beta function with the powers is
 * 1 / ((n+1) · P(X = h)) for X of n trials, and 1 − I_β(h+1, n−h+1) is P(X ≤ h) for X of n + 1.
 */
export function logEValue(hits: number, queries: number, chance: number): number {
  const tail = logLowerTail(hits, queries + 1, chance);
  return tail - Math.log1p(-chance) - Math.log(queries + 1) - logBinomial(hits, queries, chance);
}

/** e-values beyond 1e300 are reported as that: less evidence than there is, but a number that JSON can hold. */
function boundedExp(logE: number): number {
  return Math.min(1e300, Math.exp(logE));
}
