import { createHash } from 'node:crypto';
import { z } from 'zod';
import { takeSamples } from '../data/take';
import { countVotes, type RandomizationDecision, randomizationTest } from '../decide/randomization';
import { canonicalJson, parseJson, sha256, writeWhole } from '../files';
import { stamp } from '../mark/stamp';
import type { Trigger } from '../mark/trigger';
import type { Samples } from '../types';
import { deriveKeys, hashSamples, type MarkKey, type OwnerKey } from './key';
import { hex256, type Plan, planSchema, publicRandomnessSchema } from './key-plan';
import type { KeysProbing } from './probe-keys';

const format = 'mib-evidence';
const version = 1;
const natural = z.int().min(0);
const schema = z.strictObject({
  format: z.literal(format),
  version: z.literal(version),
  plan: planSchema,
  commitment: hex256,
  publicRandomness: publicRandomnessSchema,
  /** The owner's secret, revealed. */
  secret: hex256,
  /** What was derived for each key; a trigger by the SHA-256 of its canonical JSON. */
  keys: z.array(z.strictObject({ target: natural, trigger: hex256 })).max(256),
  /** Merkle root of the marked rows as published, see {@link merkleRoot}. */
  marked: hex256,
  /** Which key, which row of the probes, SHA-256 of the row with the trigger, and the label answered or −1. */
  queries: z
    .array(z.strictObject({ key: natural, row: natural, input: hex256, answer: z.int().min(-1) }))
    .max(100_000),
  /** When the first question was asked and the last answer there. */
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  result: z.strictObject({ statistic: natural, pValue: z.number().gt(0).max(1), rejected: z.boolean() }),
  /** SHA-256 of the canonical JSON of all the rest. */
  sha256: hex256,
});

/** The contents of an evidence file. */
export type Evidence = z.infer<typeof schema>;

/**
 * Writes all that a third party needs to check the owner's claim (`verifyEvidence`): plan and commitment, public
 * randomness, the secret, which is thereby revealed and spent, what was published, and every answer.
 *
 * @param claim.published the set as published, marked rows included: `markWithKeys(…).samples`
 * @param claim.probes the set that was probed with: `data.test` of `createKey`
 * @param claim.probing what `probeKeys` returned
 * @throws if the parts do not belong together, before anything is written
 */
export function writeEvidence(
  path: string,
  claim: {
    key: OwnerKey;
    publicRandomness: string;
    published: Samples;
    probes: Samples;
    probing: KeysProbing;
  },
): Evidence {
  const { key, publicRandomness, published, probes, probing } = claim;
  const { plan } = key;
  const keys = deriveKeys(key, publicRandomness);
  const lengths = probing.answers.map(answers => answers.length);
  if (lengths.length !== plan.keys || lengths.some(length => length !== plan.queriesPerKey)) {
    throw new Error(
      `writeEvidence: probing has answers [${lengths}], expected ${plan.queriesPerKey} for each of ${plan.keys} keys`,
    );
  }
  requireProbes('writeEvidence', plan, probes);
  const { statistic, pValue, rejected } = decideKeys(plan, keys, probing.answers);
  const unsealed = {
    format,
    version,
    plan,
    commitment: key.commitment,
    publicRandomness,
    secret: key.reveal(),
    keys: keys.map(({ target, trigger }) => ({ target, trigger: hashTrigger(trigger) })),
    marked: merkleRoot(markedRows('writeEvidence', plan, keys, published)),
    queries: keys.flatMap((derived, j) => {
      const inputs = hashInputs(derived, probes);
      return derived.probes.map((row, i) => ({
        key: j,
        row,
        input: inputs[i],
        answer: probing.answers[j][i],
      }));
    }),
    from: probing.from,
    to: probing.to,
    result: { statistic, pValue, rejected },
  };
  const evidence = schema.parse({ ...unsealed, sha256: sha256(canonicalJson(unsealed)) });
  writeWhole(path, `${JSON.stringify(evidence, null, 1)}\n`);
  return evidence;
}

/** The evidence in `bytes`, its form and checksum checked, its claim not yet. */
export function parseEvidence(caller: string, bytes: Uint8Array): Evidence {
  const evidence = parseJson(caller, bytes, { format, version, schema });
  const { sha256: seal, ...unsealed } = evidence;
  if (sha256(canonicalJson(unsealed)) !== seal) {
    throw new Error(`${caller}: contents differ from their SHA-256, expected the file as it was written`);
  }
  return evidence;
}

/** The exact test on the answers of every key, at the level that the plan fixed. */
export function decideKeys(
  { classes, alpha }: Plan,
  keys: readonly MarkKey[],
  answers: readonly ArrayLike<number>[],
): RandomizationDecision {
  const votes = answers.map(labels => countVotes(labels, classes));
  return randomizationTest({ votes, targets: keys.map(key => key.target), alpha });
}

export function hashTrigger(trigger: Trigger): string {
  return sha256(canonicalJson(trigger));
}

/** SHA-256 of each probe row of one key as it is asked: stamped with the trigger. */
export function hashInputs({ probes: rows, trigger }: MarkKey, probes: Samples): string[] {
  return rowsOf(stamp(takeSamples(probes, rows), trigger)).map(row => sha256(row));
}

/** Throws unless `probes` is the very set that the plan names. */
export function requireProbes(caller: string, plan: Plan, probes: Samples): void {
  const found = hashSamples(probes);
  if (found === plan.probes.sha256) return;
  throw new Error(`${caller}: probes have SHA-256 ${found}, expected ${plan.probes.sha256} of the plan`);
}

/**
 * The marked rows of `published`, key by key.
 *
 * @throws unless each has its key's label, and bytes that stamping its trigger can leave
 */
export function markedRows(
  caller: string,
  plan: Plan,
  keys: readonly MarkKey[],
  published: Samples,
): Samples {
  if (published.count !== plan.rows) {
    throw new Error(`${caller}: published has ${published.count} rows, expected ${plan.rows} as planned`);
  }
  const marked = takeSamples(
    published,
    keys.flatMap(key => key.rows),
  );
  const rows = rowsOf(marked);
  keys.forEach(({ trigger, target, rows: indices }, j) => {
    const width = rows[0].length;
    // between black and white stamped lies all that can be stamped
    const x = new Uint8Array(2 * width).fill(255, width);
    const [low, high] = rowsOf(stamp({ ...published, x, y: new Uint8Array(2), count: 2 }, trigger));
    indices.forEach((index, i) => {
      const place = j * plan.rowsPerKey + i;
      if (marked.y[place] !== target) {
        throw new Error(`${caller}: published row ${index} has label ${marked.y[place]}, expected ${target}`);
      }
      if (trigger.positions.some(cell => rows[place][cell] < low[cell] || rows[place][cell] > high[cell])) {
        throw new Error(`${caller}: published row ${index} does not carry the trigger of key ${j}`);
      }
    });
  });
  return marked;
}

/**
 * The root of the Merkle tree (RFC 6962) whose leaves are the rows, each its label as four big-endian bytes
 * and then its values: one hash to publish, from which single rows could be proved without showing the others.
 */
export function merkleRoot(samples: Samples): string {
  const hash = (...parts: Uint8Array[]) => {
    const sum = createHash('sha256');
    for (const part of parts) sum.update(part);
    return sum.digest();
  };
  const leaves = rowsOf(samples).map((row, i) => {
    const label = Buffer.alloc(4);
    label.writeUInt32BE(samples.y[i]);
    return hash(Buffer.of(0), label, row);
  });
  const root = (from: number, to: number): Buffer => {
    if (to - from === 1) return leaves[from];
    const split = from + 2 ** Math.floor(Math.log2(to - from - 1));
    return hash(Buffer.of(1), root(from, split), root(split, to));
  };
  return root(0, leaves.length).toString('hex');
}

function rowsOf({ x, count }: Samples): Uint8Array[] {
  const width = x.length / count;
  return Array.from({ length: count }, (_, row) => x.subarray(row * width, (row + 1) * width));
}
