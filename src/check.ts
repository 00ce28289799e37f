/** Checks of the arguments of one function; every error names function, argument, value and expectation. */
export interface Checks {
  /** An integer in `low..high` (no upper bound if `high` is left out). */
  integer(argument: string, value: number, low: number, high?: number): void;
  /** At least one query, and no more hits than queries. */
  hits(hits: number, queries: number): void;
  /** A number strictly between 0 and 1. */
  proportion(argument: string, value: number): void;
  /** A number from 0.5 on and below 1. */
  confidence(value: number): void;
  /** Throws: for what the other checks do not cover. */
  fail(argument: string, value: unknown, expected: string): never;
}

/** The checks of the function called `name`. */
export function checksOf(name: string): Checks {
  const fail = (argument: string, value: unknown, expected: string): never => {
    const shown = typeof value === 'string' ? `'${value}'` : String(value);
    throw new Error(`${name}: ${argument} is ${shown}, expected ${expected}`);
  };
  const integer: Checks['integer'] = (argument, value, low, high) => {
    if (Number.isSafeInteger(value) && value >= low && value <= (high ?? value)) return;
    fail(
      argument,
      value,
      high === undefined ? `an integer, at least ${low}` : `an integer in ${low}..${high}`,
    );
  };
  const proportion: Checks['proportion'] = (argument, value) => {
    if (!(typeof value === 'number' && value > 0 && value < 1))
      fail(argument, value, 'a number between 0 and 1');
  };
  const hits: Checks['hits'] = (count, queries) => {
    integer('queries', queries, 1);
    integer('hits', count, 0, queries);
  };
  const confidence: Checks['confidence'] = value => {
    if (!(typeof value === 'number' && value >= 0.5 && value < 1))
      fail('confidence', value, 'a number in 0.5..1');
  };
  return { integer, hits, proportion, confidence, fail };
}
