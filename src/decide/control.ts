import { checksOf } from '../check';
import { REFUSED } from '../types';
import { type Decision, decision, hitRate, LEVELS, pValueOf } from './decision';
import { logUpperTail } from './tails';

/** {@link Decision} of {@link controlTest}; `statistic` is the number of rows gained. */
export interface ControlDecision extends Decision {
  /** Rows answered with the target label with the trigger only … */
  readonly gained: number;
  /** … and without it only. */
  readonly lost: number;
  /** The share of rows that are answered with the target label without the trigger. */
  readonly controlRate: number;
}

/**
 * Exact paired test of whether the trigger has any effect: the same rows asked with it and without it.
 *
 * A model that answers one label to everything gives hits at every query, and tests of the hit rate accuse it.
 * Here only rows whose answer changes count: under the null hypothesis each of them turns into the target label
 * or away from it with equal probability, so that `gained` is Binomial(gained + lost, ½). This is the exact
 * one-sided form of McNemar's test (1947, Psychometrika 12:153).
 *
 * Null hypothesis: the trigger has no effect, that is, a row's two answers are exchangeable. Rejecting it is no
 * evidence that the marked data were used: many triggers push an innocent model towards some label. Where it is
 * not rejected, the hits may be what the model answers anyway, and a verdict on the hit rate should say so.
 *
 * @param predictions labels that the model gave to the stamped rows, as `probe` returns them; a refusal is not
 *   the target label
 * @param control its `predictions` for the same rows, in the same order, without the trigger; if they are fewer,
 *   because a budget ended, the first so many rows count
 * @example
 * const answer = { predictions: [1, 1, 1, 1, 1, 1], control: { predictions: [0, 3, 2, 0, 0, 1] } };
 * controlTest({ ...answer, target: 1, alpha: 0.05 }).pValue // 0.0313
 */
export function controlTest(options: {
  predictions: ArrayLike<number>;
  control: { readonly predictions: ArrayLike<number> };
  target: number;
  alpha: number;
}): ControlDecision {
  const { predictions, target, alpha } = options;
  const control = options.control.predictions;
  const check = checksOf('controlTest');
  check.integer('predictions.length', predictions.length, 1);
  const queries = check.integer('control.predictions.length', control.length, 1, predictions.length);
  check.integer('target', target, 0);
  check.number('alpha', alpha, LEVELS);
  let [hits, gained, lost] = [0, 0, 0];
  for (let row = 0; row < queries; row++) {
    const hit = check.integer(`predictions[${row}]`, predictions[row], REFUSED) === target;
    const anyway = check.integer(`control.predictions[${row}]`, control[row], REFUSED) === target;
    if (hit) hits++;
    if (hit && !anyway) gained++;
    if (anyway && !hit) lost++;
  }
  const anyway = { hits: hits - gained + lost, queries };
  return decision(
    {
      method: 'controlTest',
      nullHypothesis: 'the trigger has no effect',
      alternative: 'the trigger makes the model answer the target label, which is no evidence of use',
      assumptions: [
        'the same rows were asked with and without the trigger, and none was left out',
        'rows are independent',
        'their number was fixed beforehand, not by the answers',
      ],
      statistic: gained,
      pValue: pValueOf(Math.exp(logUpperTail(gained, gained + lost, 0.5))),
      alpha,
      gained,
      lost,
      controlRate: anyway.hits / queries,
    },
    `${hitRate({ hits, queries })}, ${hitRate(anyway)} without the trigger`,
  );
}
