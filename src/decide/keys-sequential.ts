import { checksOf } from '../check';
import { LEVELS } from './decision';
import { anytimeCounter, type SequentialDecision } from './sequential';

/**
 * Anytime-valid test with keys: the owner looks after every key and stops when she likes.
 *
 * Null hypothesis: the model's answers do not depend on the owner's secret seed. Key after key, in an order
 * fixed beforehand, it counts a hit when the key's label is the most frequent answer to its queries, a tie
 * being a miss. Given all the answers and the labels of the other keys that has probability at most 1/K, so
 * `sequentialTest` with chance 1/K is valid, with no assumption on the model. When all of J keys hit, p is
 * about (J+1) / K^J.
 *
 * Why not look after every query? The label is one draw a key, and the answers need not be random at all. A
 * model that answers 0, 1, 2, … in turn has each label in the lead at some moment: an owner who may wait for
 * hers is always right. Within a key, stopping is free only to someone who does not know its label: the
 * *answers* may decide when there are enough of them, the label may not.
 *
 * @example keysSequentialTest({ classes: 10, alpha: 0.05 }).update([0, 9, 1, 0, 0, 0, 0, 0, 0, 0], 1).pValue // 0.182
 */
export function keysSequentialTest(options: { classes: number; alpha: number }): {
  /**
   * Counts one more key (`hits` and `queries` then count keys): its votes by label, as for
   * `randomizationTest`, and its label.
   */
  update(votes: ArrayLike<number>, target: number): SequentialDecision;
} {
  const { classes, alpha } = options;
  const check = checksOf('keysSequentialTest');
  check.integer('classes', classes, 2);
  check.number('alpha', alpha, LEVELS);
  const count = anytimeCounter(1 / classes, alpha, {
    method: 'keysSequentialTest',
    nullHypothesis: "the model's answers do not depend on the owner's secret seed",
    assumptions: [
      'labels were drawn uniformly and independently from a seed kept secret',
      'the order of the keys and the queries of each were chosen without regard to its label',
    ],
  });
  return {
    update(votes, target) {
      check.integer('votes.length', votes.length, classes, classes);
      check.label('target', target, classes);
      let leads = true;
      for (let y = 0; y < classes; y++) {
        check.integer(`votes[${y}]`, votes[y], 0);
        if (y !== target && votes[y] >= votes[target]) leads = false;
      }
      return count(leads);
    },
  };
}
