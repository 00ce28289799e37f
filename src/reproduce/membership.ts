/** A model's answers to the samples in question, and which of them it was trained on. */
export interface Observation {
  /** count × classes, row-major. */
  readonly logits: Float32Array;
  readonly member: readonly boolean[];
}

/** How well an attack tells members from the rest. */
interface AttackQuality {
  /** Share of right decisions. */
  readonly accuracy: number;
  readonly f1: number;
  /** Area under the ROC curve: chance that a member scores higher than a non-member, ties counted half. */
  readonly auc: number;
  /** Largest true positive rate of any threshold whose false positive rate is at most 1 %. */
  readonly tprAt1: number;
  /** The same at 0.1 %. */
  readonly tprAt01: number;
}

export interface AttackOutcome extends AttackQuality {
  readonly attack:
    | ('correctness' | 'confidence' | 'entropy' | 'modified entropy' | 'LiRA, offline')
    | ('mean correctness' | 'mean loss' | 'LiRA, mean');
  /** Rows that one decision is about: 1, or those of one owner. */
  readonly ownerRows: number;
  /** What the model must answer, to one query a sample. */
  readonly answer: 'label' | 'probabilities';
  /** Models that the attacker trains, on data of the same distribution and by the same recipe. */
  readonly shadowModels: number;
  readonly members: number;
  readonly nonMembers: number;
}

/**
 * Membership inference against one model, the alternative that marks are compared with:
 *
 * - correctness (Yeom et al. 2018): a member if it is classified correctly; needs the label only;
 * - confidence, equivalent to loss (Yeom et al. 2018; Song and Mittal 2021), entropy (Salem et al. 2019) and
 *   modified entropy (Song and Mittal 2021, equation 8): thresholds for each class, learned on the first shadow
 *   model; need all probabilities;
 * - LiRA, offline (Carlini et al. 2022): how unusual the confidence is among shadow models that did *not* see
 *   the sample, a normal distribution fitted for each sample with a variance common to all.
 *
 * Scores are compared as they are for AUC and rates; decisions (accuracy, F1) use thresholds that the first shadow
 * model gave, never the target's own memberships.
 *
 * @param labels of the samples that all models were asked about
 */
export function attackMembers(options: {
  readonly target: Observation;
  readonly shadows: readonly Observation[];
  readonly labels: ArrayLike<number>;
  readonly classes: number;
}): AttackOutcome[] {
  const { target, shadows, labels, classes } = options;
  const count = target.member.length;
  const members = target.member.filter(Boolean).length;
  const measuredTarget = measureAnswers(target.logits, labels, classes);
  const measuredShadows = shadows.map(({ logits }) => measureAnswers(logits, labels, classes));
  const outcome = (
    attack: AttackOutcome['attack'],
    needs: Pick<AttackOutcome, 'answer' | 'shadowModels'>,
    scores: Float64Array,
    decide: (row: number) => boolean,
  ): AttackOutcome => {
    const decisions = target.member.map((_, row) => decide(row));
    const found = quality(scores, decisions, target.member);
    return { attack, ...needs, ownerRows: 1, members, nonMembers: count - members, ...found };
  };
  const byShadow = (attack: 'confidence' | 'entropy' | 'modifiedEntropy', name: AttackOutcome['attack']) => {
    const scores = measuredTarget[attack];
    const thresholds = Array.from({ length: classes }, (_, label) =>
      bestThreshold(measuredShadows[0][attack], shadows[0].member, row => labels[row] === label),
    );
    return outcome(
      name,
      { answer: 'probabilities', shadowModels: 1 },
      scores,
      row => scores[row] >= thresholds[labels[row]],
    );
  };
  const confidences = measuredShadows.map(({ confidence }) => confidence);
  const lira = offlineLira(measuredTarget.confidence, confidences, shadows);
  const calibration = offlineLira(confidences[0], confidences.slice(1), shadows.slice(1));
  const threshold = bestThreshold(calibration, shadows[0].member, () => true);
  const label = { answer: 'label', shadowModels: 0 } as const;
  const all = { answer: 'probabilities', shadowModels: shadows.length } as const;
  return [
    outcome('correctness', label, measuredTarget.correct, row => measuredTarget.correct[row] === 1),
    byShadow('confidence', 'confidence'),
    byShadow('entropy', 'entropy'),
    byShadow('modifiedEntropy', 'modified entropy'),
    outcome('LiRA, offline', all, lira, row => lira[row] >= threshold),
  ];
}

/**
 * What the attacks look at, one number a sample; larger speaks for membership.
 *
 * `confidence` is ln(p_y / (1 − p_y)), LiRA's scaling of it; `entropy` and `modifiedEntropy` are negated.
 * Computed from logits, so that a confidence of 0.999999999 is not rounded to 1.
 */
export function measureAnswers(
  logits: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): Record<'correct' | 'confidence' | 'entropy' | 'modifiedEntropy', Float64Array> {
  const count = labels.length;
  const blank = () => new Float64Array(count);
  const result = { correct: blank(), confidence: blank(), entropy: blank(), modifiedEntropy: blank() };
  for (let row = 0; row < count; row++) {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    const all = logSumExp(values, -1);
    const label = labels[row];
    result.correct[row] = values.indexOf(Math.max(...values)) === label ? 1 : 0;
    result.confidence[row] = values[label] - logSumExp(values, label);
    for (let k = 0; k < classes; k++) {
      const logP = values[k] - all;
      const logRest = logSumExp(values, k) - all;
      result.entropy[row] += Math.exp(logP) * logP;
      // −(1 − p_y) ln p_y for the true class, −p_k ln(1 − p_k) for the others
      result.modifiedEntropy[row] +=
        k === label ? Math.exp(logRest) * logP : Math.exp(logP) * Math.min(0, logRest);
    }
  }
  return result;
}

/** ln Σ exp over all values but the one at `skip`. */
function logSumExp(values: Float32Array, skip: number): number {
  let largest = -Infinity;
  for (let k = 0; k < values.length; k++) if (k !== skip) largest = Math.max(largest, values[k]);
  let sum = 0;
  for (let k = 0; k < values.length; k++) if (k !== skip) sum += Math.exp(values[k] - largest);
  return largest + Math.log(sum);
}

/**
 * Offline LiRA's score of each sample: standard deviations by which the model's confidence exceeds the mean of
 * the shadow models that did not see the sample. Samples that all shadows saw score 0, no evidence.
 */
export function offlineLira(
  confidence: Float64Array,
  shadows: readonly Float64Array[],
  membership: readonly Pick<Observation, 'member'>[],
): Float64Array {
  const count = confidence.length;
  const mean = new Float64Array(count);
  let [squares, freedom] = [0, 0];
  for (let row = 0; row < count; row++) {
    const out = shadows.filter((_, i) => !membership[i].member[row]).map(values => values[row]);
    mean[row] = out.length === 0 ? confidence[row] : out.reduce((sum, value) => sum + value, 0) / out.length;
    for (const value of out) squares += (value - mean[row]) ** 2;
    freedom += Math.max(0, out.length - 1);
  }
  const deviation = freedom > 0 && squares > 0 ? Math.sqrt(squares / freedom) : 1;
  return confidence.map((value, row) => (value - mean[row]) / deviation);
}

/** The threshold t on scores of the chosen rows for which "member if score ≥ t" is right most often. */
export function bestThreshold(
  scores: ArrayLike<number>,
  member: readonly boolean[],
  chosen: (row: number) => boolean,
): number {
  const rows = member.map((_, row) => row).filter(chosen);
  rows.sort((a, b) => scores[b] - scores[a]);
  let [gain, best, threshold] = [0, 0, Infinity];
  rows.forEach((row, i) => {
    gain += member[row] ? 1 : -1;
    const tied = i + 1 < rows.length && scores[rows[i + 1]] === scores[row];
    if (!tied && gain > best) [best, threshold] = [gain, scores[row]];
  });
  return threshold;
}

/** Quality of an attack from its scores (AUC and rates) and its decisions (accuracy, F1). */
export function quality(
  scores: ArrayLike<number>,
  decisions: readonly boolean[],
  member: readonly boolean[],
): AttackQuality {
  const order = member.map((_, row) => row).sort((a, b) => scores[b] - scores[a]);
  const positives = member.filter(Boolean).length;
  const negatives = member.length - positives;
  let [hits, alarms, area, tprAt1, tprAt01] = [0, 0, 0, 0, 0];
  for (let i = 0; i < order.length; ) {
    const [hitsBefore, alarmsBefore] = [hits, alarms];
    const score = scores[order[i]];
    for (; i < order.length && scores[order[i]] === score; i++) {
      if (member[order[i]]) hits++;
      else alarms++;
    }
    area += ((alarms - alarmsBefore) * (hits + hitsBefore)) / 2;
    if (alarms <= 0.01 * negatives) tprAt1 = hits / positives;
    if (alarms <= 0.001 * negatives) tprAt01 = hits / positives;
  }
  const right = decisions.filter((decision, row) => decision === member[row]).length;
  const found = decisions.filter((decision, row) => decision && member[row]).length;
  const accused = decisions.filter(Boolean).length;
  return {
    accuracy: right / member.length,
    f1: accused + positives === 0 ? 0 : (2 * found) / (accused + positives),
    auc: area / (positives * negatives),
    tprAt1,
    tprAt01,
  };
}
