import { checksOf } from '../check';
import { REFUSED } from '../types';
import { type Decision, decision, LEVELS, pValueOf } from './decision';

/** {@link Decision} of {@link randomizationTest}; `statistic` is T, the votes for the owner's labels together. */
export interface RandomizationDecision extends Decision {
  readonly classes: number;
  readonly keys: number;
}

/**
 * Exact test with several keys, for any model whatsoever.
 *
 * Null hypothesis: the model's answers do not depend on the owner's secret seed. The seed gave each key j a
 * label y_j, uniform over the K classes and independent of the rest; so, the answers being what they are, T =
 * Σ_j votes[j][y_j] is a sum of J independent terms votes[j][Y], Y uniform, whose distribution is computed
 * exactly by convolution (a randomization test: Fisher 1935, The Design of Experiments, ch. II). Nothing is
 * assumed about the model: it may prefer some classes, add noise, refuse (a refusal is no vote) or answer
 * anything else that is not derived from the labels. The smallest p-value is K^−J; anything below 1e-300 is
 * reported as that.
 *
 * What the owner must see to: labels drawn uniformly; queries, their number included, chosen without regard to
 * the labels (no "skip the samples of the target class"); a number of keys fixed beforehand (no stopping at a
 * good moment: that is what `keysSequentialTest` is for).
 *
 * @param votes `votes[j][y]`: how often the queries of key j were answered with label y, see {@link
 *   countVotes}; keys may have different numbers of queries
 * @param targets y_j, the label of each key
 * @example randomizationTest({ votes: [[9, 1, 0], [0, 8, 2]], targets: [0, 1], alpha: 0.05 }).pValue // 0.111
 */
export function randomizationTest(options: {
  votes: readonly ArrayLike<number>[];
  targets: ArrayLike<number>;
  alpha: number;
}): RandomizationDecision {
  const { votes, targets, alpha } = options;
  const check = checksOf('randomizationTest');
  check.number('alpha', alpha, LEVELS);
  check.integer('votes.length', votes.length, 1);
  check.integer('targets.length', targets.length, votes.length, votes.length);
  const classes = votes[0].length;
  check.integer('votes[0].length', classes, 2);
  let statistic = 0;
  for (let j = 0; j < votes.length; j++) {
    check.integer(`votes[${j}].length`, votes[j].length, classes, classes);
    for (let y = 0; y < classes; y++) check.integer(`votes[${j}][${y}]`, votes[j][y], 0);
    check.label(`targets[${j}]`, targets[j], classes);
    statistic += votes[j][targets[j]];
  }
  return decision(
    {
      method: 'randomizationTest',
      nullHypothesis: "the model's answers do not depend on the owner's secret seed",
      assumptions: [
        'labels were drawn uniformly and independently from a seed kept secret',
        'queries were chosen without regard to the labels',
        'the number of keys was fixed beforehand',
      ],
      statistic,
      pValue: pValueOf(tail(votes, statistic)),
      alpha,
      classes,
      keys: votes.length,
    },
    `${statistic} votes for the labels of ${votes.length} keys`,
  );
}

/**
 * The answers to one key's queries counted by label, 0..classes−1; a refusal is no vote.
 *
 * @example [...countVotes([2, 0, -1, 2], 3)] // [1,0,2]
 */
export function countVotes(answers: ArrayLike<number>, classes: number): Int32Array {
  const check = checksOf('countVotes');
  check.integer('classes', classes, 2);
  const votes = new Int32Array(classes);
  for (let i = 0; i < answers.length; i++) {
    if (answers[i] !== REFUSED) votes[check.label(`answers[${i}]`, answers[i], classes)]++;
  }
  return votes;
}

/** P(Σ_j votes[j][Y_j] ≥ least), Y_j independent and uniform. Sums of positive numbers: no digits are lost. */
function tail(votes: readonly ArrayLike<number>[], least: number): number {
  let distribution = new Float64Array([1]);
  for (const row of votes) {
    const share = new Map<number, number>(); // most labels share the same few counts
    for (let y = 0; y < row.length; y++) share.set(row[y], (share.get(row[y]) ?? 0) + 1);
    const next = new Float64Array(distribution.length + Math.max(...share.keys()));
    for (const [count, labels] of share) {
      const probability = labels / row.length;
      for (let sum = 0; sum < distribution.length; sum++) {
        next[sum + count] += distribution[sum] * probability;
      }
    }
    distribution = next;
  }
  return distribution.subarray(least).reduce((sum, probability) => sum + probability, 0);
}
