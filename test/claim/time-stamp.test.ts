import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type BaseBlock, type Constructed, fromBER } from 'asn1js';
import { roundTime } from '../../src/claim/beacon';
import {
  ForeignAuthorityError,
  stampedBefore,
  timeStampQuery,
  timeStampSchema,
  verifyTimeStamp,
} from '../../src/claim/time-stamp';
import golden from './golden-time-stamps.json';
import { verifyMutations } from './time-stamp-mutations';

const bytesOf = (base64: string) => Buffer.from(base64, 'base64');
const digest = Buffer.from(golden.digest, 'hex');
const roots = Object.fromEntries(Object.entries(golden.roots).map(([name, der]) => [name, bytesOf(der)]));
const stamps: Record<string, { token: string; said: string[]; judged: Record<string, boolean[]> }> =
  golden.stamps;
const tokenOf = (name: string) => bytesOf(stamps[name].token);
const under = (root: string, token: Uint8Array) => verifyTimeStamp({ token, digest, roots: [roots[root]] });

// The trap: a library that compares with today, ignores roots or usages, or takes any certificate that is inside.
// Stricter than OpenSSL in one case: the signed attributes say that the content is something else (RFC 5652, 11.1).
test('each time stamp under each root is accepted or refused as OpenSSL judges at its time', () => {
  let accepted = 0;
  for (const [name, { said, judged }] of Object.entries(stamps)) {
    for (const [root, [then]] of Object.entries(judged)) {
      if (!then || name === 'other-content.tst') {
        assert.throws(
          () => under(root, tokenOf(name)),
          /^Error: verifyTimeStamp: token: /,
          `${name}, ${root}`,
        );
        continue;
      }
      const [serial, time, accuracy] = said;
      const stamp = under(root, tokenOf(name));
      const parts = accuracy.match(/0x[0-9A-F]+/g)?.map(Number) ?? [];
      assert.equal(stamp.time.getTime(), Date.parse(time), name);
      assert.equal(stamp.accuracy, parts[0] + parts[1] / 1e3 + parts[2] / 1e6, name);
      assert.equal(`0x${stamp.serial}`, serial.toLowerCase(), name);
      assert.equal(stamp.root, `O=Demonstration, CN=${root}`, name);
      accepted++;
    }
  }
  assert.equal(accepted, 7);
});

test('a chain that has expired since is accepted, and says until when it was valid', () => {
  assert.deepEqual(stamps['brief.tsr'].judged.root, [true, false], 'OpenSSL: valid then, not later');
  const stamp = under('root', tokenOf('brief.tsr'));
  assert.equal(stamp.validUntil.toISOString(), '2023-08-24T00:00:00.000Z');
  assert.equal(stamp.authority, 'O=Demonstration, CN=brief');
});

// So that the right check refuses: each of these tokens differs from an accepted one in one thing.
test('what is wrong with a token is named', () => {
  const reasons: [string, RegExp][] = [
    ['signed-without_usage.tst', /for time stamping only/],
    ['signed-not_critical.tst', /for time stamping only/],
    ['signed-more_usages.tst', /for time stamping only/],
    ['signed-other_usage.tst', /for time stamping only/],
    ['signed-authority.tst', /that is no certificate authority/],
    ['signed-encrypts.tst', /signs nothing but data/],
    ['signed-unknown.tst', /no unknown critical extension/],
    ['signed-short.tst', /at least 2048 bits/],
    ['other-content.tst', /object identifier 1\.2\.840\.113549\.1\.9\.16\.1\.4/],
    ['over.tsr', /valid at the token's time/], // expired before it signed
    ['rejection.tsr', /its status is 2/],
  ];
  assert.ok(under('root', tokenOf('signed-leaf.tst')), 'made like the refused ones');
  for (const [name, message] of reasons) assert.throws(() => under('root', tokenOf(name)), message, name);
  assert.throws(() => under('late-root', tokenOf('early.tsr')), /valid at the token's time/);
});

// A self-made authority is no contradiction, but shows nothing: the verifier treats it apart.
test('without a chain to a root that was brought, the authority is foreign', () => {
  const attempts: [string, string][] = [
    ['foreign', 'good.tsr'],
    ['root', 'impostor.tsr'],
    ['root', 'posing.tsr'], // the attacker's root has the name of ours
    ['root', 'under-leaf.tst'], // the issuer is no authority
    ['root', 'renamed.tst'], // the issuer's key under another name
    ['root', 'under-weak.tst'], // an authority with a key of 1024 bits
    ['root', 'under-strange.tst'], // an authority with an unknown critical extension
    ['root', 'too-deep.tst'], // an authority below a path length of 0
    ['root', 'for-mail.tst'], // an authority for mail only
    ['root', 'signed-old-hash.tst'], // a certificate signed over SHA-1
  ];
  for (const [root, name] of attempts)
    assert.throws(() => under(root, tokenOf(name)), ForeignAuthorityError, name);
});

test('roots: none, unreadable ones and such that are no authority are refused; PEM is taken', () => {
  const token = tokenOf('good.tsr');
  const check = (brought: (Uint8Array | string)[]) => verifyTimeStamp({ token, digest, roots: brought });
  assert.throws(() => check([]), /readRoots: roots is 'empty'/);
  assert.throws(() => check([Buffer.from('garbage')]), /readRoots: roots is '7 unreadable bytes'/);
  assert.throws(() => check(['-----BEGIN CERTIFICATE-----']), /without a certificate/);
  const leaf = bytesOf(golden.twin);
  assert.throws(() => check([leaf]), /roots is 'O=Demonstration, CN=leaf', expected certificates of/);
  const pem = (der: Buffer) =>
    `a comment\n-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  const { time } = check([pem(roots.foreign) + pem(roots.root)]);
  assert.deepEqual(check([Buffer.from(pem(roots.root))]).time, time);
  assert.deepEqual(check([roots['late-root'], roots.root]).time, time);
});

test('a time stamp of another digest, of the future, or altered is refused', () => {
  const token = tokenOf('good.tsr');
  const other = createHash('sha256').update('another commitment').digest();
  const check = (change: object) => () => verifyTimeStamp({ token, digest, roots: [roots.root], ...change });
  assert.throws(check({ digest: other }), /of this commitment/);
  assert.throws(check({ digest: digest.subarray(1) }), /length of digest is 31/);
  assert.throws(check({ now: new Date('2023-08-23T11:58:00Z') }), /not in the future/);
  assert.ok(check({ now: new Date('2023-08-23T11:59:30Z') })());
  const year = Buffer.from(token);
  year[token.indexOf('20230823120000') + 3] = 0x2f; // 202/: no time
  assert.throws(check({ token: year }), /verifyTimeStamp: token/);
  year[token.indexOf('20230823120000') + 3] = 0x31; // 2021
  assert.throws(check({ token: year }), /signed digest of the content/);
  const last = Buffer.from(token);
  last[last.length - 1] ^= 1;
  assert.throws(check({ token: last }), /the authority's signature/);
});

/** `token` with its list of certificates changed. */
function withCertificates(token: Buffer, change: (certificates: BaseBlock[]) => BaseBlock[]): Buffer {
  const fields = (value: BaseBlock) => (value as Constructed).valueBlock.value;
  const whole = fromBER(token).result;
  const data = fields(fields(fields(whole)[1])[0]);
  const list = data[3] as Constructed;
  list.valueBlock.value = change(list.valueBlock.value);
  return Buffer.from(whole.toBER());
}

// ESSCertID exists for this: a second certificate of the signer's own key, name and serial number says other things.
test('a token with another certificate of the same key, or with none, is refused', () => {
  const token = tokenOf('good.tst');
  assert.deepEqual(
    withCertificates(token, list => list),
    token,
    'the change of nothing',
  );
  const isLeaf = (value: BaseBlock) => Buffer.from(value.toBER()).includes('leaf');
  const twin = withCertificates(token, list =>
    list.map(c => (isLeaf(c) ? fromBER(bytesOf(golden.twin)).result : c)),
  );
  assert.notDeepEqual(twin, token);
  assert.throws(() => under('root', twin), /ESSCertID/);
  assert.throws(
    () =>
      under(
        'root',
        withCertificates(token, () => []),
      ),
    /signer's certificate inside/,
  );
  const many = withCertificates(token, list => Array(9).fill(list).flat());
  assert.throws(() => under('root', many), /at most 16 certificates, found 18/);
});

test('garbage, huge and deeply nested inputs are refused at once', () => {
  const nested = Buffer.alloc(65_536);
  for (let i = 0; i < nested.length; i += 2) nested.writeUInt16BE(0x3080, i);
  const token = tokenOf('good.tsr');
  const bad = [
    Buffer.alloc(0),
    Buffer.from('garbage'),
    Buffer.from('3000', 'hex'),
    Buffer.alloc(65_536, 0x30),
    nested,
    Buffer.alloc(65_537),
    Buffer.concat([token, Buffer.from([0])]), // something after the end
    token.subarray(0, -1),
    bytesOf(golden.query), // the request in place of the response
    roots.root,
  ];
  const start = process.cpuUsage();
  for (const input of bad) assert.throws(() => under('root', input), /^Error: verifyTimeStamp: /);
  assert.throws(() => under('root', Buffer.alloc(1e8)), /length of token is 100000000/);
  assert.ok(process.cpuUsage(start).user < 10e6, 'no hang');
  assert.ok(timeStampSchema.safeParse(stamps['good.tsr'].token).success);
  for (const text of ['%%%%', 'A'.repeat(87_388)]) assert.ok(!timeStampSchema.safeParse(text).success);
});

test('a token counts as older than a round only with its accuracy and a minute to spare', () => {
  const stamp = under('root', tokenOf('good.tsr')); // accuracy 1.5001 s
  const after = (seconds: number) => new Date(stamp.time.getTime() + seconds * 1000);
  assert.ok(!stampedBefore(stamp, after(61.5)));
  assert.ok(stampedBefore(stamp, after(61.51)));
  assert.ok(!stampedBefore(stamp, after(-1)));
  assert.ok(stampedBefore(stamp, roundTime(1000)));
  assert.ok(!stampedBefore(under('root', tokenOf('late.tsr')), roundTime(1000))); // 54 s before it
});

test("a request is OpenSSL's, byte for byte, and a nonce the shortest positive INTEGER", () => {
  assert.equal(Buffer.from(timeStampQuery(digest)).toString('base64'), golden.query);
  const nonce = (bytes: string) =>
    Buffer.from(timeStampQuery(digest, Buffer.from(bytes, 'hex')))
      .toString('hex')
      .slice(112, -6);
  assert.equal(nonce('0102'), '02020102');
  assert.equal(nonce('ff02'), '020300ff02');
  assert.equal(nonce('000001'), '020101');
  assert.equal(nonce('00'), '020100');
  assert.throws(() => timeStampQuery(Buffer.alloc(20)), /length of digest is 20/);
  assert.throws(() => timeStampQuery(digest, Buffer.alloc(21)), /length of nonce is 21/);
});

test('mutated time stamps are refused, or what nobody signed was changed', () => {
  verifyMutations(300, 1);
});
