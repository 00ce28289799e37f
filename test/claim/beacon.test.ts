import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { Agent, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { bls12_381 } from '@noble/curves/bls12-381';
import {
  type Beacon,
  beaconProofSchema,
  beaconSchema,
  checkValue,
  fetchRound,
  openBeacon,
  QUICKNET,
  readRound,
  roundAfter,
  roundTime,
  verifyRound,
} from '../../src/claim/beacon';
import { Random } from '../../src/random';
import { round1000, verifyRoundMutations } from './beacon-mutations';

// drand's own rounds: 1000 from api.drand.sh, 657413 from the README of drand-verify (another implementation)
const { signature } = round1000;
const round657413 = {
  round: 657413,
  signature:
    'b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b',
  randomness: 'fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587',
};
const { Point } = bls12_381.G1;
const folder = mkdtempSync(join(tmpdir(), 'mib-beacon-'));
after(() => rmSync(folder, { recursive: true }));

test("drand's rounds give drand's randomness", () => {
  for (const { randomness, ...proof } of [round1000, round657413])
    assert.equal(verifyRound(proof), randomness);
});

test('a signature of another round, or with one bit flipped, is refused', () => {
  assert.throws(() => verifyRound({ round: 1001, signature }), /quicknet's signature of round 1001/);
  assert.throws(() => verifyRound({ ...round1000, signature: round657413.signature }), /of round 1000/);
  const bytes = Buffer.from(signature, 'hex');
  for (const bit of [0, 1, 2, 5, 77, 200, 382, 383]) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] ^= 128 >> (bit & 7);
    const attempt = { round: 1000, signature: flipped.toString('hex') };
    assert.throws(
      () => verifyRound(attempt),
      /^Error: verifyRound: signature is '[0-9a-f]{96}', expected/,
      `bit ${bit}`,
    );
  }
});

// An owner who may choose the spelling of the beacon chooses among several randomnesses: here each variant
// is the very point that verifies, or one that a careless library takes for it.
test('every other encoding of the same point is refused', () => {
  const uncompressed = Point.fromHex(signature).toHex(false);
  const spellings = [
    signature.toUpperCase(),
    `${signature.slice(0, -1)}${signature.slice(-1).toUpperCase()}`.replace('b4', 'B4'),
    uncompressed,
    `0x${signature}`,
    ` ${signature}`,
    `${signature}\n`,
    signature.slice(0, 94),
    `${signature}00`,
    '',
    Buffer.from(signature, 'hex').toString('base64'),
  ];
  for (const spelling of spellings)
    assert.throws(
      () => verifyRound({ round: 1000, signature: spelling }),
      /expected 96 lower-case/,
      spelling,
    );
  const notText = { round: 1000, signature: Buffer.from(signature, 'hex') as unknown as string };
  assert.throws(() => verifyRound(notText), /expected 96 lower-case/);
});

// The library reduces x modulo the field's prime, so a point with a small x has a second encoding, x + p.
test('an x above the prime is refused as not canonical', () => {
  let point = Point.BASE;
  while (point.toAffine().x >= 2n ** 381n - Point.Fp.ORDER) point = point.add(Point.BASE);
  const flags = BigInt(`0x${point.toHex(true).slice(0, 2)}`) & 0xe0n;
  const x = point.toAffine().x + Point.Fp.ORDER + (flags << 376n);
  const second = x.toString(16);
  assert.ok(Point.fromHex(second).equals(point), 'the library accepts it');
  assert.throws(() => verifyRound({ round: 1000, signature: second }), /canonical encoding/);
});

test('infinity, a point outside the subgroup and one off the curve are refused', () => {
  const infinity = `c${'0'.repeat(95)}`;
  assert.throws(() => verifyRound({ round: 1000, signature: infinity }), /other than infinity/);
  const outside =
    '8ef15ea9d27662e33ed92554ce94c34949d6897973533ecd9c7b9aa89bd9b900fa7fbe582bb55b372fec8de26fb9051b';
  assert.throws(() => verifyRound({ round: 1000, signature: outside }), /prime-order subgroup/);
  assert.throws(() => verifyRound({ round: 1000, signature: 'f'.repeat(96) }), /prime-order subgroup/);
});

test('rounds that are no round numbers are refused', () => {
  for (const round of [0, -1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
    assert.throws(() => verifyRound({ round, signature }), /verifyRound: round is/);
    assert.throws(() => roundTime(round), /roundTime: round is/);
  }
});

// An off-by-one would let a commitment of the same second pass, or announce a round that is already known.
test('the schedule: when a round comes out, and which comes next', () => {
  assert.equal(roundTime(1).toISOString(), '2023-08-23T15:09:27.000Z');
  assert.equal(roundTime(1000).toISOString(), '2023-08-23T15:59:24.000Z');
  for (const round of [1, 2, 1000, 20_000_000]) {
    const time = roundTime(round).getTime();
    assert.equal(roundAfter(new Date(time)), round + 1);
    assert.equal(roundAfter(new Date(time - 1)), round);
    assert.equal(roundAfter(new Date(time + 2999)), round + 1);
  }
  assert.equal(roundAfter(new Date(0)), 1);
  assert.throws(() => roundAfter(new Date(Number.NaN)), /roundAfter: date is 'Invalid Date'/);
});

test('a file with a round is read and checked', () => {
  const path = join(folder, 'round.json');
  const write = (content: unknown) =>
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  write({ ...round1000, randomness: undefined }); // as of drand's API version 2
  assert.deepEqual(readRound(path), round1000);
  const bad: [unknown, RegExp][] = [
    [{ ...round1000, randomness: round657413.randomness }, /readRound: randomness: expected SHA-256/],
    [{ ...round1000, round: 1001 }, /signature of round 1001/],
    [{ ...round1000, round: '1000' }, /round\.round/],
    [{ ...round1000, signature: signature.toUpperCase() }, /expected lower-case/],
    [{ round: 1000 }, /round\.signature/],
    ['[1000]', /readRound: round/],
    ['{"round":1000', /expected drand's JSON/],
    [' '.repeat(5000), /expected at most 4096/],
  ];
  for (const [content, message] of bad) {
    write(content);
    assert.throws(() => readRound(path), message, JSON.stringify(content));
  }
  assert.throws(() => readRound(join(folder, 'none.json')), /is missing/);
});

const pem = readFileSync(resolve(__dirname, '../../../test/probe/remote/self-signed.pem'));
const agent = new Agent({ ca: pem, checkServerIdentity: () => undefined, keepAlive: false });
async function host(listener: RequestListener): Promise<string> {
  const server = createServer({ key: pem, cert: pem }, listener);
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// A server of drand may be down, lie, send without end or send nothing: the next one is asked.
test('a round is fetched from the first server that gives it', async () => {
  const json = (value: unknown) => host((_, response) => response.end(JSON.stringify(value)));
  const asked: string[] = [];
  const good = await host((request, response) => {
    asked.push(request.url ?? '');
    response.end(JSON.stringify(round1000));
  });
  const bad: [string, RegExp][] = [
    [await host((_, response) => response.writeHead(302, { location: good }).end()), /answered 302/],
    [await json(round657413), /answer is of round 657413/],
    [await json({ ...round1000, signature: round657413.signature }), /signature of round 1000/],
    [await json('\u001b[31m'), /answer: round: /],
    [await host((_, response) => response.end(' '.repeat(5000))), /over 4096 bytes/],
    [await host(() => {}), /no answer within 300 ms/],
    [await host((_, response) => response.write('{')), /no answer within 300 ms/],
    ['https://127.0.0.1:1', /ECONNREFUSED/],
  ];
  for (const [address, message] of bad) {
    const options = { agent, timeout: 300, hosts: [address] };
    await assert.rejects(fetchRound(1000, options), message);
  }
  const hosts = [...bad.map(([address]) => address), good];
  assert.deepEqual(await fetchRound(1000, { agent, timeout: 300, hosts }), round1000);
  assert.deepEqual(asked, [`/${QUICKNET.chain}/public/1000`]);
  await assert.rejects(fetchRound(1000, { hosts: [good], timeout: 3000 }), /self-signed certificate/);
  const future = roundAfter(new Date(Date.now() + 60_000));
  await assert.rejects(fetchRound(future, { agent, hosts: [good] }), /comes out at/);
});

const drand: Beacon = { kind: 'drand', chain: QUICKNET.chain, round: 1000 };
const value: Beacon = { kind: 'value', source: 'lottery of 1 May', bytes: 16 };

test('each kind of beacon opens as far as it can be checked', () => {
  const { randomness } = round1000;
  assert.deepEqual(openBeacon(drand, { kind: 'drand', signature }), {
    randomness,
    time: roundTime(1000),
    basis: 'proven',
  });
  const text = '00112233445566778899aabbccddeeff';
  const proof = { kind: 'value', value: text } as const;
  const hash = createHash('sha256').update(Buffer.from(text, 'hex')).digest('hex');
  assert.deepEqual(openBeacon(value, proof), { randomness: hash, basis: 'unchecked' });
  const time = new Date('2026-05-01T18:00:00Z');
  const brought = { value: text, time };
  assert.deepEqual(openBeacon(value, proof, brought), { randomness: hash, time, basis: 'brought' });
  const rehearsal = openBeacon({ kind: 'rehearsal', seed: 7 }, { kind: 'rehearsal' });
  assert.equal(rehearsal.basis, 'rehearsal'); // never `proven`
  assert.equal(rehearsal.randomness, createHash('sha256').update('mib/rehearsal/2/7').digest('hex'));
  assert.equal(rehearsal.time, undefined);

  assert.throws(() => openBeacon(value, proof, { value: 'ff'.repeat(16), time }), /not the one brought/);
  for (const spelling of [text.toUpperCase(), `${text}00`, text.slice(2)]) {
    assert.throws(() => openBeacon(value, { kind: 'value', value: spelling }), /checkValue: value/);
    assert.throws(() => checkValue(value, spelling), /checkValue: value/);
  }
  // a rehearsal's proof, or a value that the owner invents, must not stand in for a round
  assert.throws(() => openBeacon(drand, { kind: 'rehearsal' }), /expected one for drand/);
  assert.throws(() => openBeacon(drand, proof), /expected one for drand/);
  assert.throws(() => openBeacon(drand, { kind: 'drand', signature }, brought), /expected none/);
});

test('the schemas take the kinds of beacon and nothing else', () => {
  for (const beacon of [drand, value, { kind: 'rehearsal', seed: 0 }])
    assert.ok(beaconSchema.safeParse(beacon).success);
  const bad = [
    { ...drand, chain: '8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce' }, // drand's old chain
    { ...drand, round: 0 },
    { ...drand, note: '' }, // a field that a verifier does not show could be ground
    { ...value, bytes: 8 },
    { ...value, source: 'line\nbreak' },
    { kind: 'rehearsal', seed: '7' },
  ];
  for (const beacon of bad) assert.ok(!beaconSchema.safeParse(beacon).success, JSON.stringify(beacon));
  assert.ok(beaconProofSchema.safeParse({ kind: 'drand', signature }).success);
  for (const proof of [
    { kind: 'drand', signature: signature.toUpperCase() },
    { kind: 'drand', signature, randomness: '' },
    { kind: 'value', value: 'abc' },
  ])
    assert.ok(!beaconProofSchema.safeParse(proof).success, JSON.stringify(proof));
});

test('mutated rounds are refused', () =>
  verifyRoundMutations(300, new Random(1), join(folder, 'mutated.json')));
