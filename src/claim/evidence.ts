import { z } from 'zod';
import { parseJson, readLimited, writeWhole } from '../files';
import { type BeaconProof, beaconProofSchema, openBeacon } from './beacon';
import { type OwnerKey, requireGroup } from './key';
import { hex256, lineOfText, planSchema } from './key-plan';
import type { KeysProbing } from './probe-keys';
import { timeStampSchema } from './time-stamp';

const format = 'mib-evidence';
const version = 2;
const LIMIT = 8 * 2 ** 20;
const natural = z.int().min(0).max(10_000_000);
const labels = z.array(z.int().min(-1).max(10_000));

/** The owner's own asking. Nothing in it is ever counted: she could have invented it. */
const recordSchema = z.strictObject({
  group: natural,
  /** The labels answered to each key's questions; −1 is a refusal. */
  answers: z.array(labels).max(256),
  /** The labels answered to the questions without a trigger. */
  control: labels,
  refused: natural,
  /** Questions sent, repetitions included. */
  sent: natural,
});

/** The fields of an evidence file; `data/evidence.schema.json` is made from it. */
export const evidenceSchema = z
  .strictObject({
    format: z.literal(format),
    version: z.literal(version),
    plan: planSchema,
    /** What shows the value of the plan's beacon. */
    beacon: beaconProofSchema,
    /** An RFC 3161 time stamp of the commitment, DER in base64. */
    token: timeStampSchema.optional(),
    /** The groups that the owner opens, each by its secret. */
    opened: z
      .array(z.strictObject({ group: natural, secret: hex256 }))
      .min(1)
      .max(256),
    /** The suspect model as the owner names it; shown, and never opened as an address or path. */
    suspect: lineOfText(1000),
    record: recordSchema.optional(),
  })
  .superRefine(({ plan, opened }, context) => {
    const groups = opened.map(({ group }) => group);
    const message = 'expected each group once, and groups of the plan';
    if (new Set(groups).size !== groups.length || groups.some(group => group >= plan.groups.length))
      context.addIssue({ code: 'custom', path: ['opened'], message });
  });

/** The contents of an evidence file. */
export type Evidence = z.infer<typeof evidenceSchema>;
export type OwnRecord = NonNullable<Evidence['record']>;

/**
 * Writes what a verifier needs from the owner: plan, beacon, time stamp, and the secrets of the opened groups,
 * which are thereby spent.
 *
 * Give the file to the verifier alone: whoever has the secret of a group can make the model of a guilty party
 * answer as he likes, and an accused who has it can filter the questions.
 *
 * @param claim.groups the groups to open; best one that nobody was asked about yet
 * @param claim.beacon what shows the value of the plan's beacon. Default: of a rehearsal
 * @param claim.token the reply of the time-stamping authority (.tsr)
 * @param claim.suspect names the model, for the reader
 * @param claim.record of the owner's own asking, see {@link recordOf}
 * @throws if the beacon is not the plan's, before anything is written
 */
export function writeEvidence(
  path: string,
  claim: {
    readonly key: OwnerKey;
    readonly groups: readonly number[];
    readonly beacon?: BeaconProof;
    readonly token?: Uint8Array;
    readonly suspect: string;
    readonly record?: OwnRecord;
  },
): Evidence {
  const { key, groups, beacon = { kind: 'rehearsal' }, token, suspect, record } = claim;
  openBeacon(key.plan.beacon, beacon);
  for (const group of groups) requireGroup('writeEvidence', key.plan, group);
  const evidence = parseEvidence(
    'writeEvidence',
    Buffer.from(
      JSON.stringify({
        format,
        version,
        plan: key.plan,
        beacon,
        token: token && Buffer.from(token).toString('base64'),
        opened: groups.map(group => ({ group, secret: key.reveal(group) })),
        suspect,
        record,
      }),
    ),
  );
  writeWhole(path, `${JSON.stringify(evidence, null, 1)}\n`);
  return evidence;
}

/** What {@link writeEvidence} keeps of the owner's own asking. */
export function recordOf(group: number, probing: KeysProbing): OwnRecord {
  const { answers, control, refused, sent } = probing;
  return { group, answers: answers.map(each => [...each]), control: [...control], refused, sent };
}

/** Reads an evidence file; its form is checked, its claim is not. */
export function readEvidence(caller: string, path: string): Evidence {
  return parseEvidence(caller, readLimited(caller, path, LIMIT));
}

/** The evidence in `bytes`; its form is checked, its claim is not. */
export function parseEvidence(caller: string, bytes: Uint8Array): Evidence {
  try {
    return parseJson(caller, bytes, { format, version, schema: evidenceSchema });
  } catch (error) {
    if (!(error as Error).message.includes('version is 1,')) throw error;
    throw new Error(
      `${caller}: the evidence is of version 1, which rests on answers that its writer recorded. ` +
        'Ask the owner for evidence of version 2: marks made under a plan of `mib key`, opened by `mib claim`',
    );
  }
}
