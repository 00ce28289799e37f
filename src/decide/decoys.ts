import { checksOf } from '../check';
import { type Decision, decision, short, significant } from './decision';

/**
 * Compares the published trigger with decoys: triggers drawn like it, by the same lot, but never published.
 *
 * Null hypothesis: the model treats the published trigger like any other of its kind, so that its score is
 * exchangeable with the decoys' scores. p = (1 + number of decoys with an equal or higher score) / (decoys +
 * 1): ties count against the owner, and p is never below 1 / (decoys + 1). The same with clean reference
 * models in place of decoys is an exact test, too: their scores against the suspect's.
 *
 * @param score attack success rate (or any score that rises with it) of the published trigger
 * @param decoys the same score of each decoy, probed with the same label, samples and number of queries
 */
export function decoyTest(options: {
  readonly score: number;
  readonly decoys: ArrayLike<number>;
  readonly alpha: number;
}): Decision {
  const { score, decoys, alpha } = options;
  const check = checksOf('decoyTest');
  check.number('alpha', alpha, '(0, 1)');
  check.integer('decoys.length', decoys.length, 1);
  if (!Number.isFinite(score)) check.fail('score', score, 'a finite number');
  let asGood = 0;
  for (let i = 0; i < decoys.length; i++) {
    if (!Number.isFinite(decoys[i])) check.fail(`decoys[${i}]`, decoys[i], 'a finite number');
    if (decoys[i] >= score) asGood++;
  }
  const pValue = (1 + asGood) / (1 + decoys.length);
  return decision(
    {
      method: 'decoyTest',
      nullHypothesis: 'the model treats the published trigger like the decoys',
      alternative: 'the model was trained on the marked data',
      assumptions: ['trigger and decoys were drawn alike, and which one was published was left to chance'],
      statistic: score,
      pValue,
      alpha,
      rejected: significant(pValue, alpha),
    },
    `${asGood} of ${decoys.length} decoys score ${short(score)} or more`,
  );
}
