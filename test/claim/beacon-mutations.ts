import { deepEqual, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { bls12_381 } from '@noble/curves/bls12-381';
import { readRound, verifyRound } from '../../src/claim/beacon';
import type { Random } from '../../src/random';

/** drand's round 1000, as api.drand.sh gives it. */
export const round1000 = {
  round: 1000,
  signature:
    'b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39',
  randomness: 'fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd',
};

/** A round that is not round 1000: as a changed text, or with another point of the curve for its signature. */
function mutate(random: Random): { text: string; signature: string } {
  let { signature } = round1000;
  if (random.next() < 0.02) {
    const { Point } = bls12_381.G1;
    const point = Point.fromHex(signature);
    signature = [point.negate(), point.double(), point.add(Point.BASE)][random.integer(3)].toHex(true);
  } else {
    const digits = [...signature];
    for (let changes = 1 + random.integer(3); changes > 0; changes--)
      digits[random.integer(digits.length)] = '0123456789abcdefA x'[random.integer(19)];
    signature = digits.join('');
  }
  const bytes = Buffer.from(JSON.stringify({ ...round1000, signature }));
  if (random.next() < 0.5) bytes[random.integer(bytes.length)] = random.integer(256);
  else bytes.copyWithin(random.integer(bytes.length), random.integer(bytes.length));
  return { text: bytes.toString('latin1'), signature };
}

/**
 * Verifies `count` mutated signatures of round 1000, and each in a mutated file at `path`: refused with an error of
 * ours, or else round 1000 itself.
 */
export function verifyRoundMutations(count: number, random: Random, path: string): void {
  const read = <T>(take: () => T): T | undefined => {
    try {
      return take();
    } catch (error) {
      ok(error instanceof Error && /^(verifyRound|readRound): /.test(error.message), String(error));
      return undefined;
    }
  };
  for (let i = 0; i < count; i++) {
    const { text, signature } = mutate(random);
    const randomness = read(() => verifyRound({ round: 1000, signature }));
    if (randomness !== undefined) deepEqual({ randomness, signature, round: 1000 }, round1000);
    writeFileSync(path, text, 'latin1');
    const round = read(() => readRound(path));
    if (round !== undefined) deepEqual(round, round1000);
  }
}
