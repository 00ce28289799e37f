import { checksOf } from '../check';
import { upperLimit } from './binomial';
import { type Decision, decision, hitRate, pValueOf, short, significant } from './decision';
import { logLowerTail } from './tails';

/** {@link Decision} of {@link removalTest}; `statistic` is the number of hits, refusals included. */
export interface RemovalDecision extends Decision {
  readonly hits: number;
  readonly queries: number;
  /** chance + margin: rates from here on count as "still there". */
  readonly limit: number;
  /** One-sided Clopper–Pearson interval [0, upper] for the hit probability, confidence 1 − alpha. */
  readonly interval: readonly [number, number];
}

/**
 * After unlearning: evidence that the mark is *gone*, which a test that merely fails to reject is not.
 *
 * Null hypothesis: the mark is still there, that is, a query is answered with the target label with
 * probability `chance` + `margin` or more. Rejected when so few hits would then be improbable (an exact
 * one-sided equivalence test), that is, when the upper confidence limit lies below chance + margin. Fix the
 * margin beforehand. A refused query counts as a hit here: a model must not pass by keeping silent.
 *
 * @param chance β, the chance of a clean model
 * @param margin how much above it is still taken for clean; chance + margin must be below 1
 * @param refused number of refused queries among `queries`, not counted in `hits`
 */
export function removalTest(options: {
  readonly hits: number;
  readonly queries: number;
  readonly chance: number;
  readonly margin: number;
  readonly alpha: number;
  readonly refused?: number;
}): RemovalDecision {
  const { queries, chance, margin, alpha, refused = 0 } = options;
  const check = checksOf('removalTest');
  check.integer('queries', queries, 1);
  check.integer('refused', refused, 0, queries);
  check.integer('hits', options.hits, 0, queries - refused);
  check.number('chance', chance, '(0, 1)');
  check.number('margin', margin, '(0, 1)');
  check.number('chance + margin', chance + margin, '(0, 1)');
  check.number('alpha', alpha, '(0, 1)');
  const hits = options.hits + refused;
  const limit = chance + margin;
  const pValue = pValueOf(Math.exp(logLowerTail(hits, queries, limit)));
  return decision(
    {
      method: 'removalTest',
      nullHypothesis: `a query is answered with the target label with chance ${short(limit)} or more`,
      alternative: 'the mark is gone',
      assumptions: ['queries are independent', 'their number and the margin were fixed beforehand'],
      statistic: hits,
      pValue,
      alpha,
      rejected: significant(pValue, alpha),
      hits,
      queries,
      limit,
      interval: [0, upperLimit(hits, queries, alpha)] as const,
    },
    `${hitRate(hits, queries)} against a limit of ${short(limit)}`,
  );
}
