import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { checksOf } from '../check';
import { canonicalJson, checked, sha256 } from '../files';
import { type Mark, markRows } from '../mark/mark';
import { bitTrigger, squareTrigger, type Trigger } from '../mark/trigger';
import type { Dataset, Samples } from '../types';
import { gridOf, hex256, type Plan, planSchema, publicRandomnessSchema } from './key-plan';

/**
 * An owner's secret, 256 random bits, with the plan it is bound to.
 *
 * Printing, inspecting or serialising it shows plan and commitment, never the secret; only {@link reveal} does,
 * and the key file ({@link writeKey}) is the only place that it is written to before the claim is made.
 */
export class OwnerKey {
  readonly #secret: string;
  readonly plan: Plan;
  /**
   * What the owner publishes, with the time to be seen by all, before the public randomness exists: SHA-256 of
   * the canonical JSON of format, version, plan and SHA-256 of the secret. Hides the secret, binds to all of it.
   */
  readonly commitment: string;

  /** @param secret 64 lower-case hexadecimal digits */
  constructor(secret: string, plan: Plan) {
    this.#secret = checked('OwnerKey', 'secret', hex256, secret);
    this.plan = checked('OwnerKey', 'plan', planSchema, plan);
    const secretSha256 = sha256(Buffer.from(secret, 'hex'));
    this.commitment = sha256(
      canonicalJson({ format: 'mib-commitment', version: 1, plan: this.plan, secretSha256 }),
    );
  }

  /** The secret itself, for the evidence file, once the suspect model has answered. */
  reveal(): string {
    return this.#secret;
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

/** A mark, its label y_j uniform over the K classes, with the rows that carry it and the rows that ask for it. */
export interface MarkKey extends Mark {
  /** Rows to mark, in the set to be published; no two keys share one. */
  readonly rows: readonly number[];
  /** Rows to stamp and ask about, in the set of probes; two keys may share some. */
  readonly probes: readonly number[];
}

/**
 * Makes a new key for marking `data.train` and probing with `data.test`.
 *
 * Then, in this order: publish `key.commitment` · wait for the public randomness that the plan announces ·
 * {@link deriveKeys} · {@link markWithKeys} · publish the data. A source suits if nobody could know or bend its
 * value when the commitment was published and everybody can look it up later: a round of drand, a pulse of the
 * NIST randomness beacon, the hash of a future Bitcoin block (its miner could bend a few bits, at a price), a
 * state lottery's draw. Announce *which* (round, pulse, height), or you could choose among many afterwards.
 *
 * An owner who publishes several commitments and later shows the best must correct for their number (`adjust`).
 *
 * @param data name, classes and the two sets; labels are not looked at
 * @param plan the rest of the {@link Plan}
 * @param secret 64 hexadecimal digits, to repeat an example; by default 256 bits of the system's randomness
 */
export function createKey(
  data: Pick<Dataset, 'name' | 'classes' | 'train' | 'test'>,
  plan: Omit<Plan, 'dataset' | 'classes' | 'shape' | 'rows' | 'probes'>,
  secret: string = randomBytes(32).toString('hex'),
): OwnerKey {
  const full = {
    ...plan,
    dataset: data.name,
    classes: data.classes,
    shape: [...data.train.shape],
    rows: data.train.count,
    probes: { rows: data.test.count, sha256: hashSamples(data.test) },
  };
  return new OwnerKey(secret, checked('createKey', 'plan', planSchema, full));
}

/** SHA-256 of count, shape and bytes, labels left out: names a set of probes. */
export function hashSamples({ count, shape, x }: Samples): string {
  return sha256(`${canonicalJson({ count, shape })}\n`, x);
}

/**
 * The J keys that follow from secret, plan and public randomness, the same on every machine, for ever.
 *
 * All numbers come from HMAC-SHA-256 streams, one for each purpose (`target/3`, `pattern/3`, …) under a master
 * key that binds commitment and public randomness; bounded ones by rejection sampling, so without bias.
 * Hence to anyone without the secret, and to the owner before the public randomness was known, the labels are
 * independent and uniform over the K classes, whatever the rest of the world does: this is all that
 * `randomizationTest` needs.
 *
 * Triggers get distinct cells of a grid of squares (or windows of bits), so no two touch a common cell as long
 * as there are at least J places; beyond that each place is used again, with another pattern. Noise is black and
 * white because grey levels have less contrast, and are learnt more slowly.
 *
 * @param publicRandomness the announced value, exactly as published: 16 to 1,000 printable ASCII characters
 */
export function deriveKeys(key: OwnerKey, publicRandomness: string): MarkKey[] {
  const { plan } = key;
  checked('deriveKeys', 'publicRandomness', publicRandomnessSchema, publicRandomness);
  const master = createHmac('sha256', Buffer.from(key.reveal(), 'hex'))
    .update(`mib/keys/1\n${key.commitment}\n${publicRandomness}`)
    .digest();
  const stream = (purpose: string) => new Stream(master, purpose);

  const { places } = gridOf(plan);
  const order: number[] = [];
  for (let round = 0; order.length < plan.keys; round++) {
    const left = plan.keys - order.length;
    order.push(...stream(`places/${round}`).distinct(Math.min(places, left), places));
  }

  const rows = stream('rows').distinct(plan.keys * plan.rowsPerKey, plan.rows);
  return order.map((place, j) => ({
    trigger: deriveTrigger(plan, place, stream(`pattern/${j}`)),
    target: stream(`target/${j}`).below(plan.classes),
    rows: rows.slice(j * plan.rowsPerKey, (j + 1) * plan.rowsPerKey),
    probes: stream(`probes/${j}`).distinct(plan.queriesPerKey, plan.probes.rows),
  }));
}

function deriveTrigger(plan: Plan, place: number, stream: Stream): Trigger {
  const { shape, trigger } = plan;
  const { columns } = gridOf(plan);
  if (trigger.family === 'bits') {
    const { length, chance } = trigger;
    const bits = Array.from({ length }, () => (stream.word() < chance * 2 ** 32 ? 1 : 0));
    return bitTrigger({ shape, start: place * length, bits });
  }
  const { size, fill, opacity } = trigger;
  const pattern = Array.from({ length: size * size }, () => (fill === 'white' ? 255 : 255 * stream.below(2)));
  const [row, column] = [Math.floor(place / columns) * size, (place % columns) * size];
  return squareTrigger({ shape, size, row, column, pattern, opacity });
}

/** Words of HMAC-SHA-256(master, `purpose/0`), HMAC(master, `purpose/1`), …: eight big-endian ones a block. */
class Stream {
  private position = 0;
  private block: Buffer = Buffer.alloc(0);

  constructor(
    private readonly master: Buffer,
    private readonly purpose: string,
  ) {}

  /** A uniform integer in 0 .. 2³²−1. */
  word(): number {
    const index = this.position % 8;
    if (index === 0) {
      const message = `${this.purpose}/${this.position / 8}`;
      this.block = createHmac('sha256', this.master).update(message).digest();
    }
    this.position++;
    return this.block.readUInt32BE(4 * index);
  }

  /** A uniform integer in 0 .. bound−1; words beyond the last whole multiple of `bound` are thrown away. */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const word = this.word();
      if (word < limit) return word % bound;
    }
  }

  /** `count` distinct integers of 0 .. bound−1 in the order drawn; repeats are thrown away. */
  distinct(count: number, bound: number): number[] {
    const drawn = new Set<number>();
    while (drawn.size < count) drawn.add(this.below(bound));
    return [...drawn];
  }
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
 * Unlike {@link markSamples} the rows are drawn without looking at labels: about one in K already has the label
 * y_j and teaches a little less. That price buys two things. Rows follow from the key alone, so a verifier needs
 * no labels to recompute them. And the stamped inputs say nothing about the labels y_j (a rule "not of class
 * y_j" would: the class that is missing among a key's rows is its label), so the test stays exact even against a
 * party that trained on the stamped inputs with labels of its own making: only the owner's labels can betray it.
 *
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
