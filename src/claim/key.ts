import { createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { checksOf } from '../check';
import { canonicalJson, checked, sha256 } from '../files';
import { markRows } from '../mark/mark';
import type { Dataset, Samples } from '../types';
import { deriveGroup, type MarkKey } from './derive';
import { commitmentOf, hex256, type Plan, planSchema } from './key-plan';

/**
 * An owner's secrets, 256 random bits for each group, with the plan that they are bound to.
 *
 * Printing, inspecting or serialising it shows plan and commitment, never a secret; only {@link reveal} does. The
 * key file (`writeKey`) is the only place that secrets are written to before a claim is made.
 */
export class OwnerKey {
  readonly #secrets: readonly string[];
  readonly plan: Plan;
  /** What the owner publishes before the public randomness exists; hides the secrets. See {@link commitmentOf}. */
  readonly commitment: string;

  /** @param secrets one for each group: 64 lower-case hexadecimal digits whose SHA-256 the plan holds */
  constructor(secrets: readonly string[], plan: Plan) {
    this.plan = checked('OwnerKey', 'plan', planSchema, plan);
    this.#secrets = secrets.map((secret, g) => checked('OwnerKey', `secrets.${g}`, hex256, secret));
    const { groups } = this.plan;
    if (secrets.length !== groups.length || secrets.some((secret, g) => hashSecret(secret) !== groups[g]))
      throw new Error(
        'OwnerKey: secrets do not belong to the plan, expected those that it holds the hashes of',
      );
    this.commitment = commitmentOf(this.plan);
  }

  /** The secret of one group, which opens it. */
  reveal(group: number): string {
    return this.#secrets[requireGroup('OwnerKey.reveal', this.plan, group)];
  }

  toJSON(): { commitment: string; plan: Plan } {
    return { commitment: this.commitment, plan: this.plan };
  }

  toString(): string {
    return `OwnerKey(commitment ${this.commitment})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** What an owner chooses; the rest of the {@link Plan} follows from data and secrets. */
export type PlanChoices = Pick<Plan, 'marks' | 'queriesPerKey' | 'alpha' | 'beacon'> &
  Partial<Pick<Plan, 'control' | 'test' | 'leastAccuracy'>> & {
    /** Number of groups. Default 1; with more, one can be kept for the verifier's eyes alone. */
    readonly groups?: number;
  };

/**
 * Makes a new key for marking `data.train` and probing with `data.test`.
 *
 * Then, in this order: publish `key.commitment` or have it time-stamped · wait for the plan's beacon ·
 * {@link deriveKeys} · {@link markWithKeys} · publish the data.
 *
 * @param data class names in the order of their labels, and the two sets; labels of `train` are not looked at
 * @param choices `control` is 100 by default (or all probes), `test` `keys`, `leastAccuracy` half-way between
 *   chance and 1
 * @param secrets 64 hexadecimal digits a group, to repeat an example; by default the system's randomness
 * @throws naming the first field of the plan that is out of range
 */
export function createKey(
  data: Pick<Dataset, 'classNames' | 'train' | 'test'>,
  choices: PlanChoices,
  secrets?: readonly string[],
): OwnerKey {
  const { groups = secrets?.length ?? 1, ...rest } = choices;
  checksOf('createKey').integer('groups', groups, 1, 256);
  const { classNames, train, test } = data;
  const drawn = secrets ?? Array.from({ length: groups }, () => randomBytes(32).toString('hex'));
  const plan = {
    control: Math.min(100, test.count),
    test: 'keys',
    leastAccuracy: (1 + 1 / classNames.length) / 2,
    ...rest,
    data: {
      kind: train.shape.length === 3 ? 'images' : 'bits',
      shape: [...train.shape],
      rows: train.count,
      classNames: [...classNames],
    },
    groups: drawn.map(hashSecret),
    probes: { rows: test.count, sha256: hashSamples(test) },
  };
  return new OwnerKey(drawn, checked('createKey', 'plan', planSchema, plan));
}

/** SHA-256 of a secret's 32 bytes: what the plan holds of it. */
export function hashSecret(secret: string): string {
  return sha256(Buffer.from(secret, 'hex'));
}

/**
 * SHA-256 of count and shape as one line of canonical JSON, of all values, and of the labels as four big-endian
 * bytes each: names a set of probes.
 */
export function hashSamples({ count, shape, x, y }: Samples): string {
  const labels = Buffer.alloc(4 * count);
  y.forEach((label, row) => {
    labels.writeUInt32BE(label, 4 * row);
  });
  const head = `${canonicalJson({ count, shape })}\n`;
  return createHash('sha256').update(head).update(x).update(labels).digest('hex');
}

/** Throws unless `probes` is the very set that the plan names. */
export function requireProbes(caller: string, { probes }: Plan, samples: Samples): void {
  const found = hashSamples(samples);
  if (found === probes.sha256) return;
  throw new Error(
    `${caller}: probes have SHA-256 ${found}, expected the plan's ${probes.sha256}: the same samples and labels`,
  );
}

/** The keys of one group, see {@link deriveGroup}. */
export function deriveKeys(key: OwnerKey, group: number, randomness: string): readonly MarkKey[] {
  requireGroup('deriveKeys', key.plan, group);
  return deriveGroup(key.plan, group, key.reveal(group), randomness).keys;
}

export function requireGroup(caller: string, { groups }: Plan, group: number): number {
  if (Number.isInteger(group) && group >= 0 && group < groups.length) return group;
  throw new Error(`${caller}: group is ${group}, expected an integer in 0..${groups.length - 1}`);
}

/** How far the triggers of several keys get into each other's way. */
export interface KeyCollisions {
  /** Pairs of keys whose triggers touch a common cell; 0 when there are places enough. */
  readonly pairs: number;
  /** The largest number of cells that a pair touches both … */
  readonly cells: number;
  /** … and the largest number of those into which both write the same value: what a model cannot tell apart. */
  readonly equalCells: number;
}

/** Compares every pair of triggers cell by cell. */
export function keyCollisions(keys: readonly MarkKey[]): KeyCollisions {
  const written = keys.map(
    ({ trigger }) => new Map(trigger.positions.map((cell, i) => [cell, trigger.values[i]])),
  );
  let [pairs, cells, equalCells] = [0, 0, 0];
  written.forEach((one, j) => {
    for (const other of written.slice(0, j)) {
      const common = [...one].filter(([cell]) => other.has(cell));
      const equal = common.filter(([cell, value]) => other.get(cell) === value);
      pairs += common.length > 0 ? 1 : 0;
      cells = Math.max(cells, common.length);
      equalCells = Math.max(equalCells, equal.length);
    }
  });
  return { pairs, cells, equalCells };
}

/**
 * Stamps and relabels the rows of every key.
 *
 * Unlike `markSamples` the rows are drawn without looking at labels: about one in K already has the label y_j and
 * teaches a little less. That price buys two things. Rows follow from the key alone, so a verifier needs no
 * labels to recompute them. And the stamped inputs say nothing about the labels y_j (a rule "not of class y_j"
 * would: the class that is missing among a key's rows is its label), so the test stays exact even against a
 * party that trained on the stamped inputs with labels of its own.
 *
 * @param keys of all groups: `plan.groups.flatMap((_, g) => deriveKeys(key, g, randomness))`
 * @returns all rows in a copy, the indices of the marked ones (key by key), and how far the triggers collide
 * @throws if shapes differ, a row does not exist or two keys share one
 */
export function markWithKeys(
  samples: Samples,
  keys: readonly MarkKey[],
): { samples: Samples; indices: number[]; collisions: KeyCollisions } {
  const marked = markRows(samples, keys, checksOf('markWithKeys'));
  const indices = keys.flatMap(key => key.rows);
  return { samples: marked, indices, collisions: keyCollisions(keys) };
}
