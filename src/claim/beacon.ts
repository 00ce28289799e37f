import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type Agent, get } from 'node:https';
import { z } from 'zod';
import { checksOf } from '../check';
import { checked, readLimited, sha256 } from '../files';

/** drand's network "quicknet" (scheme bls-unchained-g1-rfc9380): its parameters never change. */
export const QUICKNET = {
  chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c' +
    '8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb' +
    '5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  /** Seconds since 1970 at which round 1 came out, and seconds between two rounds. */
  genesis: 1_692_803_367,
  period: 3,
} as const;

const DST = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';
const HOSTS = [
  'https://api.drand.sh',
  'https://api2.drand.sh',
  'https://api3.drand.sh',
  'https://drand.cloudflare.com',
];
const LAST_ROUND = 2 ** 40;
const LARGEST_ANSWER = 4096;

const hex = (bytes: number) =>
  z
    .string()
    .length(2 * bytes, `expected ${2 * bytes} lower-case hexadecimal digits`)
    .regex(/^[0-9a-f]*$/, 'expected lower-case hexadecimal digits');
const roundNumber = z.int().min(1).max(LAST_ROUND);

/**
 * The plan's public randomness, which nobody knew when the plan was committed to:
 *
 * - `drand`: a future round of quicknet; proves itself, offline
 * - `value`: `bytes` bytes that `source` will publish; a verifier looks the value up herself
 * - `rehearsal`: follows from `seed`, for notebooks and tests; anybody can choose it, so it supports no claim
 */
export const beaconSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('drand'), chain: z.literal(QUICKNET.chain), round: roundNumber }),
  z.strictObject({
    kind: z.literal('value'),
    source: z
      .string()
      .min(1)
      .max(1000)
      .regex(/^[\x20-\x7e]*$/, 'expected printable ASCII'),
    bytes: z.int().min(16).max(64),
  }),
  z.strictObject({ kind: z.literal('rehearsal'), seed: z.int().min(0) }),
]);
export type Beacon = z.infer<typeof beaconSchema>;

/** What the evidence says about the plan's beacon: drand's signature, or the value as the owner read it. */
export const beaconProofSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('drand'), signature: hex(48) }),
  z.strictObject({
    kind: z.literal('value'),
    value: z.string().regex(/^([0-9a-f]{2}){16,64}$/, 'expected 32 to 128 lower-case hexadecimal digits'),
  }),
  z.strictObject({ kind: z.literal('rehearsal') }),
]);
export type BeaconProof = z.infer<typeof beaconProofSchema>;

/** One round of quicknet as drand publishes it; `randomness` is SHA-256 of the signature's 48 bytes. */
export interface Round {
  readonly round: number;
  readonly signature: string;
  readonly randomness: string;
}

/** A beacon's value, when it became public, and who vouches for it. */
export interface OpenedBeacon {
  /** 64 lower-case hexadecimal digits, from which all keys are derived. */
  readonly randomness: string;
  /** Undefined unless drand's schedule or the verifier says it. */
  readonly time?: Date;
  /** `proven` by drand's signature, `brought` by the verifier, `unchecked`, or a `rehearsal`. */
  readonly basis: 'proven' | 'brought' | 'unchecked' | 'rehearsal';
}

/** When a round of quicknet comes out. */
export function roundTime(round: number): Date {
  checksOf('roundTime').integer('round', round, 1, LAST_ROUND);
  return new Date((QUICKNET.genesis + (round - 1) * QUICKNET.period) * 1000);
}

/** The first round of quicknet that comes out later than `date`. */
export function roundAfter(date: Date): number {
  const seconds = date.getTime() / 1000;
  const round = Math.max(1, Math.floor((seconds - QUICKNET.genesis) / QUICKNET.period) + 2);
  if (round <= LAST_ROUND) return round; // also false for an invalid date
  return checksOf('roundAfter').fail('date', String(date), 'a date in the next 100,000 years');
}

/**
 * The randomness of a round of quicknet, after its signature was checked against the network's public key.
 *
 * A signature has exactly one accepted spelling: the canonical compressed point in lower-case hexadecimal. Every
 * other encoding that a library may accept gives another randomness, so an owner could pick among them.
 *
 * @returns SHA-256 of the signature's 48 bytes, as 64 lower-case hexadecimal digits
 */
export function verifyRound({ round, signature }: { round: number; signature: string }): string {
  const check = checksOf('verifyRound');
  check.integer('round', round, 1, LAST_ROUND);
  const refuse = (expected: string) => check.fail('signature', signature, expected);
  if (typeof signature !== 'string' || !/^[0-9a-f]{96}$/.test(signature))
    return refuse('96 lower-case hexadecimal digits, the 48 bytes of a compressed point');
  // 60 ms to load
  const { bls12_381 } = require('@noble/curves/bls12-381') as typeof import('@noble/curves/bls12-381');
  const { shortSignatures, G1 } = bls12_381;
  let point: InstanceType<typeof G1.Point>;
  try {
    point = G1.Point.fromHex(signature); // also checks curve and subgroup
  } catch {
    return refuse('a point of the prime-order subgroup of BLS12-381');
  }
  if (point.is0()) return refuse('a point other than infinity');
  if (point.toHex(true) !== signature) return refuse('the canonical encoding of the point');
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(round));
  const message = shortSignatures.hash(Buffer.from(sha256(number), 'hex'), DST);
  if (!shortSignatures.verify(point, message, QUICKNET.publicKey))
    return refuse(`quicknet's signature of round ${round}`);
  return sha256(Buffer.from(signature, 'hex'));
}

/** Reads a round from a file with drand's JSON, `{ round, signature, randomness }`, and checks it. */
export function readRound(path: string): Round {
  return parseRound('readRound', readLimited('readRound', path, LARGEST_ANSWER));
}

/**
 * Asks drand's public servers for a round, one after the other, and checks the answer like a file.
 *
 * @param options.timeout milliseconds for each server
 * @param options.agent for a proxy, or other certificate authorities
 * @throws if the round is not out yet, or no server gave it: every server asked and what went wrong there
 */
export async function fetchRound(
  round: number,
  options: { hosts?: readonly string[]; timeout?: number; agent?: Agent } = {},
): Promise<Round> {
  const { hosts = HOSTS, timeout = 10_000, agent } = options;
  const due = roundTime(round);
  if (due.getTime() > Date.now())
    throw new Error(`fetchRound: round ${round} comes out at ${due.toISOString()}, expected one that is out`);
  const failures: string[] = [];
  for (const host of hosts) {
    const signal = AbortSignal.timeout(timeout);
    try {
      const url = `${host}/${QUICKNET.chain}/public/${round}`;
      const answer = parseRound('answer', await download(url, signal, agent));
      if (answer.round !== round) throw new Error(`the answer is of round ${answer.round}`);
      return answer;
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      failures.push(`${host}: ${signal.aborted ? `no answer within ${timeout} ms` : message || code}`);
    }
  }
  throw new Error(`fetchRound: cannot fetch round ${round}. ${failures.join('. ')}`);
}

/**
 * The value of a plan's beacon, checked as far as its kind allows.
 *
 * @param brought the value that the verifier found at the plan's source, and when it was published there
 * @throws if the signature is not the round's, or the owner's value not the verifier's
 */
export function openBeacon(
  beacon: Beacon,
  proof: BeaconProof,
  brought?: { value: string; time: Date },
): OpenedBeacon {
  const other = () =>
    new Error(`openBeacon: proof is for a ${proof.kind} beacon, expected one for ${beacon.kind}`);
  if (brought && beacon.kind !== 'value')
    throw new Error(`openBeacon: brought is a value, expected none for a ${beacon.kind} beacon`);
  switch (beacon.kind) {
    case 'drand': {
      if (proof.kind !== 'drand') throw other();
      const { round } = beacon;
      const randomness = verifyRound({ round, signature: proof.signature });
      return { randomness, time: roundTime(round), basis: 'proven' };
    }
    case 'value': {
      if (proof.kind !== 'value') throw other();
      checkValue(beacon, proof.value);
      const randomness = sha256(Buffer.from(proof.value, 'hex'));
      if (!brought) return { randomness, basis: 'unchecked' };
      checkValue(beacon, brought.value);
      if (brought.value !== proof.value)
        throw new Error("openBeacon: the owner's value is not the one brought, expected the same value");
      return { randomness, time: brought.time, basis: 'brought' };
    }
    case 'rehearsal':
      if (proof.kind !== 'rehearsal') throw other();
      return { randomness: sha256(`mib/rehearsal/2/${beacon.seed}`), basis: 'rehearsal' };
  }
}

/** Throws unless `value` is spelled as the plan fixed it: one length, lower-case hexadecimal. */
export function checkValue(beacon: Extract<Beacon, { kind: 'value' }>, value: string): void {
  checked('checkValue', 'value', hex(beacon.bytes), value);
}

function parseRound(caller: string, bytes: Uint8Array): Round {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error(`${caller}: expected drand's JSON { round, signature, randomness }`);
  }
  const schema = z.object({ round: roundNumber, signature: hex(48), randomness: hex(32).optional() });
  const { round, signature, randomness: stated } = checked(caller, 'round', schema, value);
  const randomness = verifyRound({ round, signature });
  if (stated !== undefined && stated !== randomness)
    throw new Error(`${caller}: randomness: expected SHA-256 of the signature`);
  return { round, signature, randomness };
}

/** The body of an HTTPS answer with status 200 and at most {@link LARGEST_ANSWER} bytes; follows no redirect. */
async function download(url: string, signal: AbortSignal, agent?: Agent): Promise<Buffer> {
  const request = get(url, { agent, signal });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => {}); // the reader of the body meets it, too
  try {
    if (response.statusCode !== 200) throw new Error(`the server answered ${response.statusCode}`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response) {
      size += chunk.length;
      if (size > LARGEST_ANSWER) throw new Error(`the answer has over ${LARGEST_ANSWER} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    response.destroy();
  }
}
