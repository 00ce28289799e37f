import assert from 'node:assert/strict';

/** Equal up to a relative error: an absolute one would accept any 1e-20 for 1e-100. */
export function assertClose(actual: number, expected: number, tolerance: number, what: string): void {
  const error = actual === expected ? 0 : Math.abs(actual / expected - 1);
  assert.ok(error <= tolerance, `${what}: ${actual}, expected ${expected}, relative error ${error}`);
}
