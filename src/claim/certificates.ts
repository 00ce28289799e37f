import { X509Certificate } from 'node:crypto';
import { checksOf } from '../check';
import { type Asn1, algorithmOf, Fields, integerOf, onlyField, readAsn1 } from './asn1';

/** A certificate: what OpenSSL reads, and what Node does not show of it. */
export interface Certificate {
  readonly x509: X509Certificate;
  /** Issuer as encoded, and serial number: how a signature names its signer. */
  readonly issuer: Uint8Array;
  readonly serial: bigint;
  /** The algorithm of the issuer's signature, as an object identifier. */
  readonly algorithm: string;
  readonly extensions: ReadonlyMap<string, { critical: boolean; value: Asn1 }>;
}

/** Signature algorithms over SHA-256, SHA-384 or SHA-512; MD5 and SHA-1 allow forged certificates. */
export const SIGNATURES: Readonly<Record<string, { key: string; hash: string }>> = {
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
};
const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';
const POLICIES = '2.5.29.32';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const ANY_USAGE = '2.5.29.37.0';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const UNDERSTOOD = [KEY_USAGE, BASIC_CONSTRAINTS, POLICIES, EXTENDED_KEY_USAGE];
const LONGEST_CHAIN = 6;

/**
 * The root certificates that a verifier brings, PEM (one or several in a text) or DER.
 *
 * @throws if there is none, or one cannot be read or is no certificate authority
 */
export function readRoots(roots: readonly (Uint8Array | string)[]): Certificate[] {
  const check = checksOf('readRoots');
  const blocks = roots.flatMap((root): (Uint8Array | string)[] => {
    const text = Buffer.from(root).toString('latin1');
    if (!text.includes('-----BEGIN')) return [Buffer.from(root)];
    const pem = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    return pem ?? check.fail('roots', 'a PEM text without a certificate', 'certificates');
  });
  if (blocks.length === 0) check.fail('roots', 'empty', 'at least one root certificate');
  return blocks.map(block => {
    const root = readable(block);
    if (!root)
      return check.fail('roots', `${block.length} unreadable bytes`, 'X.509 certificates in PEM or DER');
    if (!root.x509.ca) check.fail('roots', nameOf(root), 'certificates of certificate authorities');
    return root;
  });
}

function readable(block: Uint8Array | string): Certificate | undefined {
  try {
    return readCertificate(new X509Certificate(block).raw);
  } catch {
    return undefined;
  }
}

/** Reads one certificate in DER. */
export function readCertificate(raw: Uint8Array): Certificate {
  const x509 = new X509Certificate(raw);
  const whole = new Fields(readAsn1(raw));
  const body = new Fields(whole.take('SEQUENCE'));
  const algorithm = algorithmOf(whole.take('SEQUENCE'));
  body.maybe('[0]');
  const serial = integerOf(body.take('INTEGER'));
  body.take('SEQUENCE');
  const issuer = body.take('SEQUENCE').raw;
  for (const _ of ['validity', 'subject', 'key']) body.take('SEQUENCE');
  for (const tag of ['[1]', '[2]']) body.maybe(tag);
  const extensions = new Map<string, { critical: boolean; value: Asn1 }>();
  const list = body.maybe('[3]');
  for (const extension of list ? onlyField(list, '[3]', 'SEQUENCE').children : []) {
    const fields = new Fields(extension);
    const { oid } = fields.take('OBJECT IDENTIFIER');
    const critical = (fields.maybe('BOOLEAN')?.content[0] ?? 0) !== 0;
    if (extensions.has(oid)) throw new Error('expected each extension of a certificate once');
    extensions.set(oid, { critical, value: readAsn1(fields.take('OCTET STRING').content) });
  }
  return { x509, issuer, serial, algorithm, extensions };
}

/** The subject of a certificate on one line, without control characters. */
export function nameOf({ x509 }: Certificate): string {
  return x509.subject.replace(/\p{Cc}+/gu, ', ').slice(0, 200);
}

/** Throws unless the certificate may sign time stamps and nothing else (RFC 3161, section 2.3). */
export function checkTimeStampingOnly(certificate: Certificate): void {
  const { x509, extensions } = certificate;
  if (x509.ca) throw new Error("expected a signer's certificate that is no certificate authority");
  const usages = extensions.get(EXTENDED_KEY_USAGE);
  if (!usages?.critical || usagesOf(certificate)?.join() !== TIME_STAMPING)
    throw new Error("expected a signer's certificate for time stamping only, marked as critical");
  const bits = extensions.get(KEY_USAGE)?.value.content;
  // bits 0 and 1: digital signature, non-repudiation
  if (bits && ((bits[1] & 0x3f) !== 0 || (bits[2] ?? 0) !== 0))
    throw new Error("expected a signer's certificate whose key signs nothing but data");
  if (!understood(certificate)) throw new Error('expected no unknown critical extension in a certificate');
  if (!strong(certificate)) throw new Error("expected a signer's key of at least 2048 bits (RSA)");
}

/**
 * The shortest chain from a certificate to one of the roots, both included: every signature verified, every issuer
 * a certificate authority, all valid at `time` (at any time if that is left out). Nothing is looked up, so
 * revocation is not seen.
 */
export function chainOf(
  leaf: Certificate,
  others: readonly Certificate[],
  roots: readonly Certificate[],
  time?: Date,
): Certificate[] | undefined {
  if (!validAt(leaf, time)) return undefined;
  const seen = new Set([leaf.x509.fingerprint256]);
  const paths = [[leaf]];
  for (const path of paths) {
    const last = path[path.length - 1];
    const below = path.length - 1;
    const issues = (issuer: Certificate) => mayIssue(issuer, below, time) && issued(last, issuer);
    const root = roots.find(issues);
    if (root) return [...path, root];
    if (path.length === LONGEST_CHAIN) continue;
    for (const other of others) {
      if (seen.has(other.x509.fingerprint256) || !issues(other)) continue;
      seen.add(other.x509.fingerprint256);
      paths.push([...path, other]);
    }
  }
  return undefined;
}

/** Whether an authority may stand above `below` other authorities of a chain of a time stamp. */
function mayIssue(authority: Certificate, below: number, time?: Date): boolean {
  if (!authority.x509.ca || !validAt(authority, time) || !understood(authority)) return false;
  const usages = usagesOf(authority);
  if (usages && !usages.includes(TIME_STAMPING) && !usages.includes(ANY_USAGE)) return false;
  const constraints = authority.extensions.get(BASIC_CONSTRAINTS)?.value.children;
  const longest = constraints?.find(field => field.tag === 'INTEGER');
  return !longest || integerOf(longest) >= BigInt(below);
}

function issued(subject: Certificate, issuer: Certificate): boolean {
  if (!Object.hasOwn(SIGNATURES, subject.algorithm)) return false;
  try {
    return (
      subject.x509.checkIssued(issuer.x509) && strong(issuer) && subject.x509.verify(issuer.x509.publicKey)
    );
  } catch {
    return false; // a key that OpenSSL does not take
  }
}

function validAt({ x509 }: Certificate, time?: Date): boolean {
  return !time || (new Date(x509.validFrom) <= time && time <= new Date(x509.validTo));
}

function usagesOf({ extensions }: Certificate): string[] | undefined {
  return extensions.get(EXTENDED_KEY_USAGE)?.value.children.map(usage => usage.oid);
}

function understood({ extensions }: Certificate): boolean {
  return [...extensions].every(([oid, { critical }]) => !critical || UNDERSTOOD.includes(oid));
}

/** A short RSA key can be factored long after its certificate was made. */
function strong({ x509 }: Certificate): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = x509.publicKey;
  return asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
}
