import type { Decision } from '../decide/decision';
import { short } from '../decide/decision';

/** One step of a verification. */
export interface Check {
  readonly name: 'commitment' | 'beacon' | 'age' | 'secret' | 'marks' | 'questions' | 'labels' | 'claim';
  readonly outcome: 'holds' | 'FAILS' | 'not checked';
  /** What was found, or why the step fails or could not be made. */
  readonly detail: string;
  /** Where it was not checked: what to do next; empty where that is said at an earlier step. */
  readonly next?: string;
}

/** What the verifier asked, and got. */
export interface Answers {
  /** `votes[j][y]`: how often the questions of key j were answered with label y. */
  readonly votes: readonly (readonly number[])[];
  /** The label of each key. */
  readonly targets: readonly number[];
  /** Share of the answered questions without a trigger whose label is right; NaN where none was answered. */
  readonly accuracy: number;
  /** Share of the answers to triggered questions that are the key's label, and of those without a trigger. */
  readonly triggeredRate: number;
  readonly untriggeredRate: number;
  /** Questions asked, the control included, and those that the model declined to answer. */
  readonly questions: number;
  readonly refused: number;
  /** Share of the questions with a trigger that the model declined to answer. */
  readonly refusedTriggered: number;
  /** Questions sent, repetitions after failures included. */
  readonly sent: number;
}

/** What a claim says, as the evidence file and the verifier put it. */
export interface Claim {
  readonly commitment: string;
  readonly group: number;
  readonly groups: number;
  /** The model as the owner names it, and as the verifier asked it. */
  readonly suspect: string;
  readonly asked?: string;
  readonly classNames: readonly string[];
  /** The smaller of the verifier's level and the plan's. */
  readonly level: number;
  /** The room that is required. */
  readonly claims: number;
}

/** The result of `verifyEvidence`; prints itself. */
export interface Verification {
  readonly outcome: 'HOLDS' | 'INCOMPLETE' | 'FAILS';
  /** Among how many alternatives the claim would still stand; undefined unless the questions were asked. */
  readonly room?: number;
  readonly checks: readonly Check[];
  readonly claim: Claim;
  readonly answers?: Answers;
  readonly decision?: Decision;
  /** What a reader of the verdict must know, a paragraph each. */
  readonly notes: readonly string[];
  toString(): string;
}

/** The model's answers do not depend on the key: what the claim has to overcome. */
const NULL_HYPOTHESIS = "the model's answers do not depend on the owner's secret";

const NOT_SHOWN =
  'Rejecting this shows that the answers depend on the secret. It does not show that the use was unlawful, nor ' +
  'who put the marks into the training data: the owner herself, a licensee, a form for feedback. Failing to ' +
  'reject it is no acquittal.';

/** Puts the steps together: one contradiction fails the claim, one open step leaves it incomplete. */
export function verdict(
  parts: Pick<Verification, 'room' | 'checks' | 'claim' | 'answers' | 'decision'> & {
    /** The opened group was asked by the owner before, so the accused may know its questions. */
    readonly askedBefore: boolean;
    readonly recorded: boolean;
    /** When the beacon's value came out. */
    readonly keysSince?: Date;
  },
): Verification {
  const { askedBefore, recorded, keysSince, ...rest } = parts;
  const { checks, claim, room, answers } = rest;
  const found = (outcome: Check['outcome']) => checks.some(check => check.outcome === outcome);
  const outcome = found('FAILS') ? 'FAILS' : found('not checked') ? 'INCOMPLETE' : 'HOLDS';
  const notes = [
    `Null hypothesis: ${NULL_HYPOTHESIS}. ${NOT_SHOWN}`,
    'The claim rests on answers to the verifier’s own questions, and on her having obtained model and published ' +
      'data herself.',
    ...(claim.asked === undefined || claim.asked === claim.suspect
      ? []
      : [`The owner names the suspect "${claim.suspect}"; the verifier asked "${claim.asked}".`]),
    ...(keysSince === undefined
      ? []
      : [
          `The keys did not exist before ${keysSince.toISOString()}. A model that is older cannot have learnt them; ` +
            'of two who each claim marks of their own, the one whose beacon is older than the model can be right.',
        ]),
    ...(room === undefined ? [] : [roomNote(room, claim)]),
    ...(answers && answers.untriggeredRate > 0.3
      ? [
          `Without any trigger ${rate(answers.untriggeredRate)} of the answers are the key's label. The test ` +
            'allows for that: a preferred label is as likely to be drawn as any other.',
        ]
      : []),
    ...(claim.groups === 1 || askedBefore
      ? [
          `${claim.groups === 1 ? 'The plan has one group' : 'The owner had asked this group before'}: the accused ` +
            'may have seen these questions before the verifier asked them, and may have prepared answers.',
        ]
      : []),
    ...(recorded ? ["The file holds a record of the owner's own asking. It was not counted."] : []),
    'An opened group shows the kind of the marks: later groups keep their level, but may lose power. Its keys are ' +
      'a working backdoor of a model that learnt them: show them to verifier and accused only.',
  ];
  const text = () =>
    [
      ...checks.map(check => `${check.outcome.padEnd(11)}  ${check.name}: ${check.detail}`),
      '',
      ...notes,
      '',
      `${outcome}: ${MEANING[outcome]}`,
      // a contradiction is not mended by what else could be brought
      ...checks.flatMap(({ next }) => (next && outcome === 'INCOMPLETE' ? [`  next: ${next}`] : [])),
    ].join('\n');
  const record = { outcome, ...rest, notes: Object.freeze(notes) } as const;
  return Object.freeze(Object.defineProperty(record, 'toString', { value: text })) as Verification;
}

/** Each outcome in words. */
export const MEANING = {
  HOLDS: 'every step was made, and holds',
  INCOMPLETE: 'nothing contradicts the claim, but a step could not be made',
  FAILS: 'something contradicts the claim',
};

function roomNote(room: number, { claims, groups, level }: Claim): string {
  const count = room < 1e6 ? String(room) : short(room);
  const factor = groups === 1 ? '' : `, counting the ${groups} groups that could have been opened`;
  return (
    `Room: the claim would still stand at ${level} among ${count} alternatives (commitments, suspects, versions of ` +
    `the model)${factor}; ${claims} required.`
  );
}

/** `41 %` */
export function rate(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
