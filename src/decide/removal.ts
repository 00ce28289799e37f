import { checksOf } from '../check';
import { type Decision, decision, type Hits, hitRate, LEVELS, pValueOf, short } from './decision';
import { upperLimit } from './interval';
import { logLowerTail } from './tails';

/** {@link Decision} of {@link removalTest}; `statistic` is the number of hits, refusals included. */
export interface RemovalDecision extends Decision, Hits {
  /** chance + margin: rates from here on count as "still there". */
  readonly limit: number;
  /** One-sided Clopper–Pearson interval [0, upper] for the hit probability, confidence 1 − alpha. */
  readonly interval: readonly [number, number];
}

/**
 * After unlearning: evidence that the mark is *gone*, which a test that merely fails to reject is not.
 *
 * Null hypothesis: the mark is still there, that is, a query is answered with the target label with
 * probability `chance` + `margin` or more. Rejected when so few hits would then be improbable, that is, when
 * the upper confidence limit lies below chance + margin: the upper half of an exact equivalence test
 * (Schuirmann 1987). Fix the margin beforehand. A refused query counts as a hit here: a model must not pass by
 * refusing.
 *
 * @param chance β, the chance of a clean model: a known value, or a *lower* limit of it. Never the upper limit
 *   that `estimateChance` returns: it is too high on purpose, and nearly every model that still holds the mark
 *   would pass
 * @param margin how much above it is still taken for clean; chance + margin must be below 1
 * @param refused number of refused queries among `queries`, not counted in `hits`
 * @example removalTest({ hits: 10, queries: 200, chance: 0.1, margin: 0.05, alpha: 0.05 }).rejected // true
 */
export function removalTest(
  options: Hits & { chance: number; margin: number; alpha: number; refused?: number },
): RemovalDecision {
  const { queries, chance, margin, alpha, refused = 0 } = options;
  const check = checksOf('removalTest');
  check.integer('queries', queries, 1);
  check.integer('refused', refused, 0, queries);
  const hits = check.integer('hits', options.hits, 0, queries - refused) + refused;
  check.number('chance', chance, '(0, 1)');
  check.number('margin', margin, '(0, 1)');
  const limit = check.number('chance + margin', chance + margin, '(0, 1)');
  check.number('alpha', alpha, LEVELS);
  return decision(
    {
      method: 'removalTest',
      nullHypothesis: `a query is answered with the target label with chance ${short(limit)} or more`,
      alternative: 'the mark is gone',
      assumptions: [
        'chance is not above the chance of a clean model: not an upper limit, as of estimateChance',
        'queries are independent',
        'their number and the margin were fixed beforehand',
      ],
      statistic: hits,
      pValue: pValueOf(Math.exp(logLowerTail(hits, queries, limit))),
      alpha,
      hits,
      queries,
      limit,
      interval: [0, upperLimit(hits, queries, alpha)] as const,
    },
    `${hitRate({ hits, queries })} against a limit of ${short(limit)}`,
  );
}
