import type { Random } from '../random';
import {
  type AttackOutcome,
  bestThreshold,
  measureAnswers,
  type Observation,
  offlineLira,
  quality,
} from './membership';

/**
 * Membership inference about *somebody's data*: the scores of all rows of one owner, averaged. The question that
 * marks answer, put to attacks that need no marks.
 *
 * - mean correctness: the share of the owner's rows that the model classifies rightly; labels only;
 * - mean loss: minus the mean cross-entropy in nats of her rows; probabilities;
 * - LiRA, mean: the mean of offline LiRA's score (Carlini et al. 2022) over her rows; probabilities and shadow models.
 *
 * Owners of `rowsEach` rows are made by cutting members and non-members, shuffled, into disjoint groups. Decisions
 * (accuracy, F1) use the threshold that is best for the first shadow model's own owners. All three need what marks
 * do not: the rows' true labels, and rows of the same distribution that the model surely never saw, to compare with.
 *
 * @param rowsEach rows an owner, each at most the number of members and of non-members
 */
export function attackOwners(options: {
  readonly target: Observation;
  readonly shadows: readonly Observation[];
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  readonly rowsEach: readonly number[];
  readonly random: Random;
}): AttackOutcome[] {
  const { target, shadows, labels, classes, rowsEach, random } = options;
  const own = rowScores(target, shadows, labels, classes);
  const calibration = rowScores(shadows[0], shadows.slice(1), labels, classes);
  return rowsEach.flatMap(rows => {
    const owners = cutIntoOwners(target.member, rows, random);
    const others = cutIntoOwners(shadows[0].member, rows, random);
    const used = owners.filter(({ member }) => member).length;
    return own.map(({ attack, answer, shadowModels, scores }, i): AttackOutcome => {
      const means = owners.map(owner => mean(scores, owner.rows));
      const known = others.map(owner => mean(calibration[i].scores, owner.rows));
      const usedKnown = others.map(({ member }) => member);
      const threshold = bestThreshold(known, usedKnown, () => true);
      const member = owners.map(owner => owner.member);
      const decisions = means.map(score => score >= threshold);
      const found = quality(means, decisions, member);
      const counts = { ownerRows: rows, members: used, nonMembers: owners.length - used };
      // one threshold is learned from a shadow model in any case
      return { attack, answer, shadowModels: Math.max(1, shadowModels), ...counts, ...found };
    });
  });
}

interface RowScores extends Pick<AttackOutcome, 'attack' | 'answer' | 'shadowModels'> {
  readonly scores: Float64Array;
}

function rowScores(
  { logits }: Observation,
  shadows: readonly Observation[],
  labels: ArrayLike<number>,
  classes: number,
): RowScores[] {
  const { correct, confidence } = measureAnswers(logits, labels, classes);
  const shadowed = shadows.map(shadow => measureAnswers(shadow.logits, labels, classes).confidence);
  const loss = confidence.map(value => -Math.log1p(Math.exp(-value)));
  const lira = offlineLira(confidence, shadowed, shadows);
  return [
    { attack: 'mean correctness', answer: 'label', shadowModels: 0, scores: correct },
    { attack: 'mean loss', answer: 'probabilities', shadowModels: 0, scores: loss },
    { attack: 'LiRA, mean', answer: 'probabilities', shadowModels: shadows.length, scores: lira },
  ];
}

/** Disjoint groups of `rows` members, then of `rows` non-members; what is left over belongs to nobody. */
function cutIntoOwners(member: readonly boolean[], rows: number, random: Random) {
  return [true, false].flatMap(used => {
    const eligible = random.shuffle(member.flatMap((is, row) => (is === used ? [row] : [])));
    if (eligible.length < rows) {
      throw new Error(`attackOwners: rowsEach is ${rows}, expected at most ${eligible.length}`);
    }
    return Array.from({ length: Math.floor(eligible.length / rows) }, (_, i) => ({
      member: used,
      rows: eligible.slice(i * rows, (i + 1) * rows),
    }));
  });
}

function mean(scores: Float64Array, rows: readonly number[]): number {
  return rows.reduce((sum, row) => sum + scores[row], 0) / rows.length;
}
