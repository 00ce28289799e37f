/** Bounds of a number as mathematics writes them: `(0, 1]` excludes 0 and includes 1. */
export type Interval = `${'[' | '('}${number | '-∞'}, ${number | '∞'}${']' | ')'}`;

/**
 * The checks of the arguments of the function called `caller`.
 *
 * Each returns the value that it was given, or throws an error that names function, argument, value and
 * expectation.
 *
 * @example
 * const check = checksOf('markSamples');
 * check.integer('count', 0, 1, 100); // Error: markSamples: count is 0, expected an integer in 1..100
 * check.number('rate', 2, '(0, 1]'); // Error: markSamples: rate is 2, expected a number in (0, 1]
 */
export function checksOf(caller: string): Checks {
  return new Checks(caller);
}

export class Checks {
  constructor(private readonly caller: string) {}

  /** Throws: for what the other checks do not cover. */
  fail(argument: string, value: unknown, expected: string): never {
    throw new Error(`${this.caller}: ${argument} is ${shown(value)}, expected ${expected}`);
  }

  /** An integer in `low..high`; without `high`, any from `low` on. */
  integer(argument: string, value: number, low: number, high = Infinity): number {
    if (Number.isSafeInteger(value) && value >= low && value <= high) return value;
    const range = high === Infinity ? `an integer of at least ${low}` : `an integer in ${low}..${high}`;
    return this.fail(argument, value, low === high ? String(low) : range);
  }

  /** A number within the interval, e.g. `(0, 1)` for a level, `[0, ∞)` for a weight. */
  number(argument: string, value: number, interval: Interval): number {
    const [low, high] = interval.slice(1, -1).replaceAll('∞', 'Infinity').split(', ').map(Number);
    const above = interval.startsWith('[') ? value >= low : value > low;
    const below = interval.endsWith(']') ? value <= high : value < high;
    if (typeof value === 'number' && above && below) return value;
    return this.fail(argument, value, `a number in ${interval}`);
  }

  /** One of the listed values. */
  oneOf<T extends string | number>(argument: string, value: unknown, known: readonly T[]): T {
    if (known.includes(value as T)) return value as T;
    return this.fail(argument, value, `one of ${known.map(each => shown(each)).join(', ')}`);
  }

  /** A label of `classes` classes. */
  label(argument: string, value: number, classes: number): number {
    if (Number.isInteger(value) && value >= 0 && value < classes) return value;
    return this.fail(argument, value, `a label in 0..${classes - 1}`);
  }

  /**
   * The shape of a row: positive integers, one for each axis.
   *
   * @param axes what the axes are, e.g. `['height', 'width', 'channels']`; by default any number of them
   */
  shape(argument: string, value: readonly number[], axes?: readonly string[]): readonly number[] {
    const sizes = Array.isArray(value) && value.length === (axes?.length ?? (value.length || 1));
    if (sizes && value.every(size => Number.isSafeInteger(size) && size >= 1)) return value;
    return this.fail(argument, value, axes ? `[${axes.join(', ')}]` : 'positive integers');
  }

  /** The same shape as that of `whose`, e.g. `the trigger`. */
  sameShape(argument: string, value: readonly number[], wanted: readonly number[], whose: string): void {
    if (value.length === wanted.length && value.every((size, axis) => size === wanted[axis])) return;
    this.fail(`shape of ${argument}`, value, `${shown(wanted)} as of ${whose}`);
  }

  /** At least one query, and no more hits than queries. */
  hits(hits: number, queries: number): void {
    this.integer('queries', queries, 1);
    this.integer('hits', hits, 0, queries);
  }
}

/** A value as one line of at most `most` characters, without control characters, for an error message. */
export function shown(value: unknown, most = 200): string {
  const text = (typeof value === 'object' && JSON.stringify(value)) || String(value);
  const short = text.length > most ? `${text.slice(0, most)}…` : text;
  const clean = short.replace(/\p{Cc}/gu, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return typeof value === 'string' ? `'${clean}'` : clean;
}
