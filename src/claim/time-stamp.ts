import { hash, verify } from 'node:crypto';
import { z } from 'zod';
import { checksOf } from '../check';
import { type Asn1, algorithmOf, Fields, integerOf, onlyField, readAsn1, timeOf } from './asn1';
import {
  type Certificate,
  chainOf,
  checkTimeStampingOnly,
  nameOf,
  readCertificate,
  readRoots,
  SIGNATURES,
} from './certificates';

const LARGEST_TOKEN = 65_536;
const MOST_CERTIFICATES = 16;
/** Seconds allowed for clocks that differ. */
const MARGIN = 60;

const DIGESTS: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1', // only inside ESSCertID, version 1
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const SHA256 = '2.16.840.1.101.3.4.2.1';
const RSA = '1.2.840.113549.1.1.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TIME_STAMP_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';

/** A token (or the response that holds it) in an evidence file: its bytes in base64. */
export const timeStampSchema = z.base64().max(Math.ceil(LARGEST_TOKEN / 3) * 4);

/** What a verified token says, and who says it. */
export interface TimeStamp {
  readonly time: Date;
  /** Seconds by which `time` may be wrong, as the authority states; 0 if it states nothing. */
  readonly accuracy: number;
  /** The signer's name, and that of the root which the verifier brought. */
  readonly authority: string;
  readonly root: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** When the first certificate of the chain expires: from then on a stolen key could sign an old time. */
  readonly validUntil: Date;
}

/** The token leads to none of the roots that the verifier brought: the age is not shown, nor contradicted. */
export class ForeignAuthorityError extends Error {}

/**
 * The request to an authority for a time stamp (RFC 3161) of a SHA-256 digest: the contents of a `.tsq` file. Asks
 * for the authority's certificates, without which a token cannot be checked offline.
 *
 * @param nonce up to 20 bytes that the response must repeat
 */
export function timeStampQuery(digest: Uint8Array, nonce?: Uint8Array): Uint8Array {
  const check = checksOf('timeStampQuery');
  check.integer('length of digest', digest.length, 32, 32);
  if (nonce) check.integer('length of nonce', nonce.length, 1, 20);
  // every length is below 128, so one byte
  const der = (tag: number, ...parts: Uint8Array[]) => {
    const content = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag, content.length]), content]);
  };
  const sha256 = Buffer.from('300d06096086480165030402010500', 'hex');
  const positive = Buffer.concat([Buffer.alloc(1), nonce ?? Buffer.alloc(0)]);
  let zeros = 0; // a shortest INTEGER
  while (zeros < positive.length - 1 && positive[zeros] === 0 && positive[zeros + 1] < 128) zeros++;
  return der(
    0x30,
    der(0x02, Buffer.from([1])),
    der(0x30, sha256, der(0x04, digest)),
    nonce ? der(0x02, positive.subarray(zeros)) : Buffer.alloc(0),
    der(0x01, Buffer.from([0xff])),
  );
}

/**
 * Checks a time stamp offline: that it is of `digest`, signed by a certificate for time stamping only, under one of
 * the verifier's roots, all valid at the token's own time. Revocation is not looked up.
 *
 * @param stamp.token the token, or the authority's whole response
 * @param stamp.digest 32 bytes: the commitment
 * @param stamp.roots the verifier's root certificates, PEM or DER
 * @throws ForeignAuthorityError if no chain leads to these roots, an Error for everything else that is wrong
 */
export function verifyTimeStamp(stamp: {
  token: Uint8Array;
  digest: Uint8Array;
  roots: readonly (Uint8Array | string)[];
  now?: Date;
}): TimeStamp {
  const { token, digest, roots, now = new Date() } = stamp;
  const check = checksOf('verifyTimeStamp');
  check.integer('length of digest', digest.length, 32, 32);
  const anchors = readRoots(roots);
  check.integer('length of token', token.length, 1, LARGEST_TOKEN);
  try {
    return verified(readToken(token), digest, anchors, now);
  } catch (error) {
    const Kind = error instanceof ForeignAuthorityError ? ForeignAuthorityError : Error;
    throw new Kind(`verifyTimeStamp: token: ${(error as Error).message}`, { cause: error });
  }
}

/** Whether a token shows that its digest existed before `date`: its time, its accuracy and 60 s are earlier. */
export function stampedBefore({ time, accuracy }: TimeStamp, date: Date): boolean {
  return time.getTime() + (accuracy + MARGIN) * 1000 < date.getTime();
}

interface Token {
  /** The TSTInfo, as signed. */
  readonly info: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly signer: Asn1;
}

/** The parts of a token, of whose structure (RFC 3161 and 5652) nothing else is allowed. */
function readToken(bytes: Uint8Array): Token {
  let whole = readAsn1(bytes);
  if (whole.children[0]?.tag === 'SEQUENCE') {
    const response = new Fields(whole);
    const status = integerOf(new Fields(response.take('SEQUENCE')).take('INTEGER'));
    if (status !== 0n && status !== 1n)
      throw new Error(`expected a response that grants a time stamp, its status is ${status}`);
    whole = response.take('SEQUENCE');
    response.end();
  }
  const content = new Fields(whole);
  expectOid(content.take('OBJECT IDENTIFIER'), SIGNED_DATA);
  const data = new Fields(onlyField(content.take('[0]'), '[0]', 'SEQUENCE'));
  content.end();
  data.take('INTEGER');
  data.take('SET');
  const encapsulated = new Fields(data.take('SEQUENCE'));
  expectOid(encapsulated.take('OBJECT IDENTIFIER'), TIME_STAMP_INFO);
  const info = onlyField(encapsulated.take('[0]'), '[0]', 'OCTET STRING').content;
  encapsulated.end();
  const attached = data.maybe('[0]')?.children.filter(({ tag }) => tag === 'SEQUENCE') ?? [];
  if (attached.length > MOST_CERTIFICATES)
    throw new Error(`expected at most ${MOST_CERTIFICATES} certificates, found ${attached.length}`);
  data.maybe('[1]');
  const signer = onlyField(data.take('SET'), 'SET', 'SEQUENCE');
  data.end();
  return { info, certificates: attached.map(({ raw }) => readCertificate(raw)), signer };
}

function verified(token: Token, digest: Uint8Array, roots: readonly Certificate[], now: Date): TimeStamp {
  const { certificates } = token;
  const { imprint, time, accuracy, serial } = readInfo(token.info);
  if (!imprint.equals(digest))
    throw new Error('expected a time stamp of this commitment, found another digest');
  if (time.getTime() > now.getTime() + MARGIN * 1000)
    throw new Error(`expected a time that is not in the future, found ${time.toISOString()}`);
  const leaf = verifySigner(token);
  const chain = chainOf(leaf, certificates, roots, time);
  if (!chain) {
    if (chainOf(leaf, certificates, roots))
      throw new Error(`expected certificates valid at the token's time, ${time.toISOString()}`);
    throw new ForeignAuthorityError('expected a chain of certificates to one of the roots brought');
  }
  const expiries = chain.map(({ x509 }) => Date.parse(x509.validTo));
  return {
    time,
    accuracy,
    authority: nameOf(leaf),
    root: nameOf(chain[chain.length - 1]),
    serial: serial.toString(16),
    validUntil: new Date(Math.min(...expiries)),
  };
}

/** The certificate of the signer, after signature, signed attributes and the certificate's purpose were checked. */
function verifySigner({ info, certificates, signer }: Token): Certificate {
  const fields = new Fields(signer);
  fields.take('INTEGER');
  const name = new Fields(fields.take('SEQUENCE'));
  const issuer = Buffer.from(name.take('SEQUENCE').raw);
  const serial = integerOf(name.take('INTEGER'));
  const digest = DIGESTS[algorithmOf(fields.take('SEQUENCE'))];
  const signed = fields.take('[0]');
  const algorithm = algorithmOf(fields.take('SEQUENCE'));
  const signature = fields.take('OCTET STRING').content;
  fields.maybe('[1]');
  fields.end();

  const leaf = certificates.find(each => issuer.equals(each.issuer) && serial === each.serial);
  if (!leaf) throw new Error("expected the signer's certificate inside (ask the authority to include it)");
  checkTimeStampingOnly(leaf);

  const attributes = readAttributes(signed);
  expectOid(attributes.get(CONTENT_TYPE), TIME_STAMP_INFO);
  const scheme = algorithm === RSA ? { key: 'rsa', hash: digest } : SIGNATURES[algorithm];
  const { publicKey } = leaf.x509;
  const strong = digest && digest !== 'sha1' && scheme?.hash === digest;
  if (!strong || publicKey.asymmetricKeyType !== scheme.key)
    throw new Error(`expected a signature by RSA or ECDSA over SHA-256, -384 or -512, found ${algorithm}`);
  const messageDigest = attributes.get(MESSAGE_DIGEST);
  if (messageDigest?.tag !== 'OCTET STRING' || !isHash(digest, info, messageDigest))
    throw new Error('expected the signed digest of the content');
  if (!namesCertificate(attributes, leaf))
    throw new Error("expected a signed attribute (ESSCertID) that names the signer's certificate");
  const bytes = Buffer.from(signed.raw);
  bytes[0] = 0x31; // signed as a SET, sent as [0]
  if (!verify(digest, bytes, publicKey, signature)) throw new Error("expected the authority's signature");
  return leaf;
}

/** The signed attributes by object identifier, each with its one value. */
function readAttributes(signed: Asn1): Map<string, Asn1> {
  const attributes = new Map<string, Asn1>();
  for (const attribute of signed.children) {
    const fields = new Fields(attribute);
    const { oid } = fields.take('OBJECT IDENTIFIER');
    const [value, ...more] = fields.take('SET').children;
    if (!value || more.length > 0 || attributes.has(oid))
      throw new Error('expected each signed attribute once, with one value');
    attributes.set(oid, value);
  }
  return attributes;
}

/** Whether ESSCertIDv2 (RFC 5816) or ESSCertID (RFC 2634), and each of them that is there, hashes `leaf`. */
function namesCertificate(attributes: ReadonlyMap<string, Asn1>, leaf: Certificate): boolean {
  const names = [SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2].flatMap(type => {
    const value = attributes.get(type);
    if (!value) return [];
    const first = new Fields(new Fields(new Fields(value).take('SEQUENCE')).take('SEQUENCE'));
    const algorithm = type === SIGNING_CERTIFICATE ? '1.3.14.3.2.26' : SHA256;
    const stated = type === SIGNING_CERTIFICATE ? undefined : first.maybe('SEQUENCE');
    const digest = DIGESTS[stated ? algorithmOf(stated) : algorithm];
    return [digest !== undefined && isHash(digest, leaf.x509.raw, first.take('OCTET STRING'))];
  });
  return names.length > 0 && names.every(Boolean);
}

/** The fields of a TSTInfo that say what was stamped, when, and how exactly. */
function readInfo(info: Uint8Array): { imprint: Buffer; time: Date; accuracy: number; serial: bigint } {
  const fields = new Fields(readAsn1(info));
  if (integerOf(fields.take('INTEGER')) !== 1n) throw new Error('expected a TSTInfo of version 1');
  fields.take('OBJECT IDENTIFIER');
  const messageImprint = new Fields(fields.take('SEQUENCE'));
  if (algorithmOf(messageImprint.take('SEQUENCE')) !== SHA256)
    throw new Error('expected a time stamp of a SHA-256 digest');
  const imprint = Buffer.from(messageImprint.take('OCTET STRING').content);
  messageImprint.end();
  const serial = integerOf(fields.take('INTEGER'));
  const time = timeOf(fields.take('GeneralizedTime'));
  const accuracy = accuracyOf(fields.maybe('SEQUENCE'));
  for (const tag of ['BOOLEAN', 'INTEGER', '[0]']) fields.maybe(tag); // ordering, nonce, name of the authority
  for (const { children } of fields.maybe('[1]')?.children ?? [])
    if (children[1]?.tag === 'BOOLEAN' && children[1].content[0] !== 0)
      throw new Error('expected no critical extension in a TSTInfo');
  fields.end();
  return { imprint, time, accuracy, serial };
}

function accuracyOf(value: Asn1 | undefined): number {
  if (!value) return 0;
  const fields = new Fields(value);
  const parts = ['INTEGER', '[0]', '[1]'].map(tag => fields.maybe(tag));
  fields.end();
  const [seconds, millis, micros] = parts.map(part => (part ? Number(integerOf(part)) : 0));
  const allowed = (number: number, most: number) => number >= 0 && number <= most;
  if (!allowed(seconds, 86_400) || !allowed(millis, 999) || !allowed(micros, 999))
    throw new Error('expected an accuracy of at most a day');
  return seconds + millis / 1e3 + micros / 1e6;
}

function isHash(algorithm: string, bytes: Uint8Array, { content }: Asn1): boolean {
  return hash(algorithm, bytes, 'buffer').equals(content);
}

function expectOid(value: Asn1 | undefined, oid: string): void {
  if (value?.oid !== oid) throw new Error(`expected object identifier ${oid}`);
}
