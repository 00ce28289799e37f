import { checksOf } from '../check';
import { type Decision, decision, hitRate, short, significant } from './decision';
import { logBinomial, logLowerTail } from './tails';

/** {@link Decision} so far; `statistic` is the number of hits. */
export interface SequentialDecision extends Decision {
  readonly hits: number;
  readonly queries: number;
  /**
   * E_n now. At a moment of stopping that looks only at the past this is an e-value, which may be averaged
   * and given to `adjustEValues`; the largest E so far, on which `pValue` and `rejected` rest, may not.
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
 * Under the null hypothesis it exceeds 1/alpha *ever* with probability at most alpha (Ville). So the test
 * rejects once some E_n ≥ 1/alpha, and stays so; p = 1 / max E. A refused query is a miss.
 *
 * @param chance β of a clean model, as for `binomialTest`
 */
export function sequentialTest({ chance, alpha }: { readonly chance: number; readonly alpha: number }): {
  /** Counts one more query; takes time of order √n at worst. */
  update(hit: boolean): SequentialDecision;
} {
  const check = checksOf('sequentialTest');
  check.number('chance', chance, '(0, 1)');
  check.number('alpha', alpha, '(0, 1)');
  const count = anytimeCounter(chance, alpha, {
    method: 'sequentialTest',
    nullHypothesis: `a query is answered with the target label with chance at most ${short(chance)}, whatever came before`,
    assumptions: ['chance is an upper bound of the chance of a clean model, at every query'],
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
    const pValue = 1 / boundedExp(largest);
    return decision(
      {
        ...claim,
        alternative: 'the model was trained on the marked data',
        statistic: hits,
        pValue,
        eValue: boundedExp(logE),
        alpha,
        rejected: significant(pValue, alpha),
        hits,
        queries,
      },
      hitRate(hits, queries),
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

/**
 * e-values beyond 1e300 are reported as that: less evidence than there is, but a number that JSON can hold.
 */
function boundedExp(logE: number): number {
  return Math.min(1e300, Math.exp(logE));
}
