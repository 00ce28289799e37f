import { checksOf } from './check';

const SIZE = 624;
const SHIFT = 397;

/** Everything that a {@link Random} will ever draw follows from this; plain JSON, for checkpoints. */
export interface RandomState {
  readonly words: readonly number[];
  readonly position: number;
  readonly spareNormal: number | null;
}

/**
 * The one source of randomness: Mersenne Twister MT19937, seeded and passed explicitly.
 *
 * Chosen because anybody can replay it: with `key` the seed (and stream, see below), every method gives the
 * same numbers as Python's `numpy.random.RandomState(key)` (`random_sample`, `randint`, `standard_normal`,
 * `permutation`). A sceptic can therefore re-derive which rows were marked without running this library.
 * It is not for secrets: keys are derived by HMAC.
 *
 * @param seed an integer in 0 .. 2³²−1
 * @param stream a name that makes an independent generator of the same seed (one for marking, one for
 *   shuffling, …); numpy's key is then the array `[seed, ...utf8 bytes of stream]`
 */
export class Random {
  private readonly words = new Uint32Array(SIZE);
  private position = SIZE;
  private spareNormal: number | null = null;

  constructor(
    readonly seed: number,
    stream?: string,
  ) {
    checksOf('Random').integer('seed', seed, 0, 0xffffffff);
    if (stream === undefined) this.fill(seed);
    else this.fillFromKey([seed, ...new TextEncoder().encode(stream)]);
  }

  /** A generator that continues where `state` was taken. */
  static from(state: RandomState): Random {
    const check = checksOf('Random.from');
    check.integer('number of words', state?.words?.length, SIZE, SIZE);
    for (const word of state.words) check.integer('word', word, 0, 0xffffffff);
    check.integer('position', state.position, 0, SIZE);
    const random = new Random(0);
    random.words.set(state.words);
    random.position = state.position;
    random.spareNormal = state.spareNormal;
    return random;
  }

  /** A snapshot from which {@link Random.from} continues. */
  state(): RandomState {
    return { words: [...this.words], position: this.position, spareNormal: this.spareNormal };
  }

  /** A uniform integer in 0 .. 2³²−1. */
  uint32(): number {
    if (this.position === SIZE) this.twist();
    let word = this.words[this.position++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  }

  /** A uniform number in [0, 1), a multiple of 2⁻⁵³. */
  next(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** A uniform integer in 0 .. bound−1, without modulo bias (masked rejection). */
  integer(bound: number): number {
    checksOf('Random.integer').integer('bound', bound, 1, 0x100000000);
    const largest = bound - 1;
    if (largest === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(largest);
    for (;;) {
      const value = (this.uint32() & mask) >>> 0;
      if (value <= largest) return value;
    }
  }

  /** A standard normal number (Marsaglia's polar method). */
  normal(): number {
    if (this.spareNormal !== null) {
      const spare = this.spareNormal;
      this.spareNormal = null;
      return spare;
    }
    for (;;) {
      const a = 2 * this.next() - 1;
      const b = 2 * this.next() - 1;
      const square = a * a + b * b;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.spareNormal = factor * a;
      return factor * b;
    }
  }

  /** Shuffles `items` in place, every order equally likely, and returns it. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swapped = items[i];
      items[i] = items[j];
      items[j] = swapped;
    }
    return items;
  }

  /** The integers 0 .. count−1 in random order. */
  permutation(count: number): Int32Array {
    return this.shuffle(Int32Array.from({ length: count }, (_, i) => i));
  }

  /** `size` distinct integers of 0 .. count−1, every ordered choice equally likely. */
  sample(count: number, size: number): Int32Array {
    checksOf('Random.sample').integer('size', size, 0, count);
    return this.permutation(count).slice(0, size);
  }

  private fill(seed: number): void {
    const words = this.words;
    words[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      words[i] = Math.imul(1812433253, words[i - 1] ^ (words[i - 1] >>> 30)) + i;
    }
  }

  private fillFromKey(key: readonly number[]): void {
    this.fill(19650218);
    const words = this.words;
    let i = 1;
    let j = 0;
    const advance = () => {
      if (++i >= SIZE) {
        words[0] = words[SIZE - 1];
        i = 1;
      }
    };
    for (let k = Math.max(SIZE, key.length); k > 0; k--) {
      const previous = words[i - 1] ^ (words[i - 1] >>> 30);
      words[i] = (words[i] ^ Math.imul(previous, 1664525)) + key[j] + j;
      if (++j >= key.length) j = 0;
      advance();
    }
    for (let k = SIZE - 1; k > 0; k--) {
      const previous = words[i - 1] ^ (words[i - 1] >>> 30);
      words[i] = (words[i] ^ Math.imul(previous, 1566083941)) - i;
      advance();
    }
    words[0] = 0x80000000;
  }

  private twist(): void {
    const words = this.words;
    for (let i = 0; i < SIZE; i++) {
      const joined = (words[i] & 0x80000000) | (words[(i + 1) % SIZE] & 0x7fffffff);
      words[i] = words[(i + SHIFT) % SIZE] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.position = 0;
  }
}
