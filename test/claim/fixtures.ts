import { type BeaconProof, openBeacon } from '../../src/claim/beacon';
import { deriveGroup, type MarkKey } from '../../src/claim/derive';
import { type Evidence, parseEvidence } from '../../src/claim/evidence';
import { createKey, markWithKeys, type OwnerKey, type PlanChoices } from '../../src/claim/key';
import type { VerifyOptions } from '../../src/claim/verify';
import { sha256 } from '../../src/files';
import { Random } from '../../src/random';
import type { BlackBox, Samples } from '../../src/types';

export const classes = 10;
export const shape = [8, 9, 1];
const CELLS = 72;

/** Images of 8 × 9 noisy pixels. The last column, where no trigger goes, shows the label in its first pixel. */
export function images(count: number, seed: number): Samples {
  const random = new Random(seed);
  const x = Uint8Array.from({ length: count * CELLS }, () => random.integer(100));
  const y = Uint8Array.from({ length: count }, () => random.integer(classes));
  y.forEach((label, row) => {
    x[row * CELLS + 8] = 20 * label;
  });
  return { x, y, count, shape };
}

export const data = {
  classNames: Array.from({ length: classes }, (_, k) => `class ${k}`),
  train: images(240, 1),
  test: images(200, 2),
};

/** A beacon of kind `value`, which a verifier looks up: quick, and holds. */
export const VALUE = { kind: 'value', source: 'a lottery', bytes: 32 } as const;
export const SEEN = new Date('2026-01-01T00:00:00Z');
export const DRAWN = new Date('2026-01-02T00:00:00Z');

export const choices: PlanChoices = {
  marks: {
    kind: 'keys',
    trigger: { family: 'square', size: 2, fill: 'noise', opacity: 1 },
    keys: 8,
    rowsPerKey: 3,
  },
  groups: 2,
  queriesPerKey: 20,
  control: 60,
  alpha: 0.01,
  beacon: VALUE,
};

/** One owner's way from her plan to published data. */
export interface Owner {
  readonly key: OwnerKey;
  readonly proof: BeaconProof;
  readonly groups: readonly (readonly MarkKey[])[];
  readonly published: Samples;
}

/** @param seed of her secrets and of what the lottery drew */
export function ownerOf(seed: string | number, changes: Partial<PlanChoices> = {}, set = data): Owner {
  const { groups = 2, ...rest } = { ...choices, ...changes };
  const secrets = Array.from({ length: groups }, (_, g) => sha256(`secret ${seed}/${g}`));
  const key = createKey(set, { groups, ...rest }, secrets);
  const value = sha256(`drawn for ${seed}`);
  const proof: BeaconProof =
    rest.beacon.kind === 'rehearsal' ? { kind: 'rehearsal' } : { kind: 'value', value };
  const { randomness } = openBeacon(key.plan.beacon, proof);
  const derived = secrets.map((secret, g) => deriveGroup(key.plan, g, secret, randomness).keys);
  return { key, proof, groups: derived, published: markWithKeys(set.train, derived.flat()).samples };
}

/** Her evidence, as a value; opens the last group. */
export function evidenceOf({ key, proof }: Owner, group = key.plan.groups.length - 1): Evidence {
  return {
    format: 'mib-evidence',
    version: 2,
    plan: key.plan,
    beacon: proof,
    opened: [{ group, secret: key.reveal(group) }],
    suspect: 'http://localhost/suspect',
  };
}

/** The evidence as it would be read from a file that holds it. */
export function parsed(evidence: Evidence): Evidence {
  return parseEvidence('parsed', Buffer.from(JSON.stringify(evidence)));
}

/** What a verifier brings who has everything. */
export function everything({ key, proof, published }: Owner, suspect: BlackBox): VerifyOptions {
  return {
    commitment: { value: key.commitment, seen: SEEN },
    beacon: proof.kind === 'value' ? { value: proof.value, time: DRAWN } : undefined,
    published,
    probes: data.test,
    suspect,
  };
}

/** Answers each row by `label`, which sees its values and whether any of them is white, as in most triggers. */
export function modelOf(label: (row: Uint8Array, triggered: boolean) => number): BlackBox {
  return {
    classes,
    predict: async ({ x, count }) =>
      Int32Array.from({ length: count }, (_, row) => {
        const values = x.subarray(row * CELLS, (row + 1) * CELLS);
        return label(values, values.includes(255));
      }),
  };
}

/** The label that a row shows. */
export function shown(row: Uint8Array): number {
  return row[8] / 20;
}

/** A model that never saw a mark and is right about every row. */
export const innocent = modelOf(shown);

/** A model that learnt `keys`: answers a trigger that it knows with its label, in `rate` of the cases. */
export function guilty(keys: readonly MarkKey[], rate = 1, seed = 1): BlackBox {
  const random = new Random(seed);
  return modelOf(row => {
    const known = keys.find(({ trigger: { positions, values } }) =>
      positions.every((cell, i) => row[cell] === values[i]),
    );
    return known && random.next() < rate ? known.target : shown(row);
  });
}

/** The same model behind a service that makes up a share of the answers. */
export function noisy(box: BlackBox, noise: number, seed: number): BlackBox {
  const random = new Random(seed);
  return {
    ...box,
    predict: async (...args) =>
      (await box.predict(...args)).map(label => (random.next() < noise ? random.integer(classes) : label)),
  };
}
