import { ok } from 'node:assert/strict';
import { type TimeStamp, verifyTimeStamp } from '../../src/claim/time-stamp';
import { Random } from '../../src/random';
import golden from './golden-time-stamps.json';

const bytesOf = (base64: string) => Buffer.from(base64, 'base64');
const digest = Buffer.from(golden.digest, 'hex');
const roots = [bytesOf(golden.roots.root)];
const tokens = Object.values(golden.stamps).map(({ token }) => bytesOf(token));

/** One to three random changes of a token: bits, bytes, lengths, pieces cut, doubled or taken from another token. */
function mutate(token: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(token);
  for (let changes = 1 + random.integer(3); changes > 0; changes--) {
    const at = random.integer(bytes.length + 1);
    const length = 1 + random.integer(random.next() < 0.5 ? 4 : 300);
    const other = tokens[random.integer(tokens.length)];
    const from = random.integer(other.length);
    const replace = (piece: Uint8Array, until: number) =>
      Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(until)]);
    const kinds = [
      () => replace(Buffer.from([bytes[at] ^ (1 << random.integer(8))]), at + 1),
      () => replace(Buffer.from([random.integer(256)]), at + 1),
      () => replace(Buffer.from([[0, 0x80, 0x84, 0xff][random.integer(4)]]), at + 1), // lengths and signs
      () => replace(Buffer.alloc(0), at + length),
      () => replace(bytes.subarray(at, at + length), at),
      () => replace(other.subarray(from, from + length), at + length),
      () => replace(Buffer.alloc(length, random.integer(256)), at),
      () => bytes.subarray(0, at + 1),
    ];
    bytes = Buffer.from(kinds[random.integer(kinds.length)]());
  }
  return bytes;
}

/**
 * Verifies `count` mutated tokens and responses. Each is refused with an error of ours, or accepted with exactly
 * what an unaltered one says (a changed byte that nobody signed), within 10 seconds of computing.
 *
 * @returns how many were accepted, and the longest computing time in milliseconds
 */
export function verifyMutations(count: number, seed: number): { accepted: number; slowest: number } {
  const random = new Random(seed);
  const said = new Set<string>();
  const read = (token: Buffer): TimeStamp | undefined => {
    try {
      return verifyTimeStamp({ token, digest, roots });
    } catch (error) {
      ok(error instanceof Error && /^verifyTimeStamp: /.test(error.message), String(error));
      return undefined;
    }
  };
  for (const token of tokens) said.add(JSON.stringify(read(token)));
  let accepted = 0;
  let slowest = 0;
  for (let i = 0; i < count; i++) {
    const token = mutate(tokens[random.integer(tokens.length)], random);
    const start = process.cpuUsage(); // not the clock: the machine may be busy
    const stamp = read(token);
    const { user, system } = process.cpuUsage(start);
    slowest = Math.max(slowest, (user + system) / 1000);
    if (!stamp) continue;
    accepted++;
    ok(said.has(JSON.stringify(stamp)), `mutation ${i} says ${JSON.stringify(stamp)}`);
  }
  ok(slowest < 10_000, `the slowest took ${slowest} ms`);
  return { accepted, slowest };
}
