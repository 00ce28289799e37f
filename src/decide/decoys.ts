import { checksOf } from '../check';
import { type Decision, decision, LEVELS, short } from './decision';

/**
 * Rank test of the published trigger among decoys: triggers drawn from the same distribution, never published.
 *
 * Null hypothesis: the model treats the published trigger like any other of its kind, so that its score is
 * exchangeable with the decoys' scores. p = (1 + number of decoys with an equal or higher score) / (decoys +
 * 1): ties count against the owner, and p is never below 1 / (decoys + 1). Phipson and Smyth (2010),
 * Permutation p-values should never be zero. `statistic` is the score.
 *
 * The label must have been fixed before trigger and decoys were drawn. An owner who picks the label afterwards,
 * the one that clean models like to answer to her trigger, has made her trigger special: the test then accuses
 * innocent models far more often than alpha. For the same reason the trigger must not be chosen among several.
 *
 * Clean reference models can take the place of decoys: their scores for the published trigger against the
 * suspect's. That is exact only if the suspect, if innocent, is exchangeable with them. A suspect of another
 * architecture, or trained on other data, is not.
 *
 * @param score attack success rate (or any score that rises with it) of the published trigger
 * @param decoys the same score of each decoy, probed with the same label, samples and number of queries
 * @example decoyTest({ score: 0.6, decoys: new Array(19).fill(0.1), alpha: 0.05 }).pValue // 0.05
 */
export function decoyTest(options: { score: number; decoys: ArrayLike<number>; alpha: number }): Decision {
  const { score, decoys, alpha } = options;
  const check = checksOf('decoyTest');
  check.number('alpha', alpha, LEVELS);
  check.integer('decoys.length', decoys.length, 1);
  check.number('score', score, '(-∞, ∞)');
  let asGood = 0;
  for (let i = 0; i < decoys.length; i++) {
    if (check.number(`decoys[${i}]`, decoys[i], '(-∞, ∞)') >= score) asGood++;
  }
  return decision(
    {
      method: 'decoyTest',
      nullHypothesis: 'the model treats the published trigger like the decoys',
      assumptions: [
        'the label was fixed before trigger and decoys were drawn',
        'trigger and decoys were drawn independently from the same distribution, and the first was published',
        'all were probed alike: same label, samples and number of queries',
        'if the scores are of reference models: the suspect, if innocent, is exchangeable with them',
      ],
      statistic: score,
      pValue: (1 + asGood) / (1 + decoys.length),
      alpha,
    },
    `${asGood} of ${decoys.length} decoys score ${short(score)} or more`,
  );
}
