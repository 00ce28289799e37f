import { createHmac } from 'node:crypto';
import { checked } from '../files';
import type { Mark } from '../mark/mark';
import { bitTrigger, squareTrigger, type Trigger } from '../mark/trigger';
import { commitmentOf, gridOf, hex256, type Plan } from './key-plan';

/** A mark with the rows that carry it and the rows that ask for it; the target label is uniform over K classes. */
export interface MarkKey extends Mark {
  /** Rows to mark, in the set to be published; no two keys share one. */
  readonly rows: readonly number[];
  /** Rows to stamp and ask about, in the set of probes; two keys may share some. */
  readonly probes: readonly number[];
}

/** All that follows from the secret of one group. */
export interface Group {
  readonly keys: readonly MarkKey[];
  /** Rows of the probes that are asked without a trigger. */
  readonly control: readonly number[];
  /** The order of all questions: those of key 0, 1, … and the control are numbered through, from 0. */
  readonly order: readonly number[];
}

/**
 * The keys of a group: they follow from plan, secret and public randomness, the same on every machine.
 *
 * All numbers come from HMAC-SHA-256 streams, one for each purpose (`target/3`, `pattern/3`, …), under a master
 * key that binds commitment, public randomness and group; bounded ones by rejection sampling, so without bias.
 * Hence to anyone without the secret, and to the owner before the public randomness was known, the labels are
 * independent and uniform over the K classes: this is all that `randomizationTest` needs.
 *
 * Group g of G has the rows and the trigger places that are ≡ g modulo G, so no two groups share any. Within a
 * group no two triggers touch a common cell as long as there are places enough; beyond that each place is used
 * again, with another pattern. Noise is black and white: grey levels have less contrast.
 *
 * @param randomness 64 lower-case hexadecimal digits, see `openBeacon`
 */
export function deriveGroup(plan: Plan, group: number, secret: string, randomness: string): Group {
  checked('deriveGroup', 'randomness', hex256, randomness);
  const { keys, rowsPerKey } = plan.marks;
  const groups = plan.groups.length;
  const master = createHmac('sha256', Buffer.from(secret, 'hex'))
    .update(`mib/keys/2\n${commitmentOf(plan)}\n${randomness}\n${group}`)
    .digest();
  const stream = (purpose: string) => new Stream(master, purpose);
  const own = (count: number) => Math.ceil((count - group) / groups);
  const owned = (index: number) => group + groups * index;

  const places = own(gridOf(plan).places);
  const order: number[] = [];
  for (let round = 0; order.length < keys; round++) {
    const left = Math.min(places, keys - order.length);
    order.push(...stream(`places/${round}`).distinct(left, places));
  }

  const rows = stream('rows').distinct(keys * rowsPerKey, own(plan.data.rows));
  const total = keys * plan.queriesPerKey + plan.control;
  return {
    keys: order.map((place, j) => ({
      trigger: deriveTrigger(plan, owned(place), stream(`pattern/${j}`)),
      target: stream(`target/${j}`).below(plan.data.classNames.length),
      rows: rows.slice(j * rowsPerKey, (j + 1) * rowsPerKey).map(owned),
      probes: stream(`probes/${j}`).distinct(plan.queriesPerKey, plan.probes.rows),
    })),
    control: stream('control').distinct(plan.control, plan.probes.rows),
    order: stream('order').shuffled(total),
  };
}

function deriveTrigger(plan: Plan, place: number, stream: Stream): Trigger {
  const {
    data: { shape },
    marks: { trigger },
  } = plan;
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

  /** The integers 0 .. count−1 in random order: from the last place down, each swaps with one not after it. */
  shuffled(count: number): number[] {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
