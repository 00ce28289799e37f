import { type BaseBlock, type Constructed, fromBER, ObjectIdentifier } from 'asn1js';

/** One value of ASN.1, as X.509 certificates and time stamps are made of. */
export interface Asn1 {
  /** `SEQUENCE`, `INTEGER`, …; `[0]`, `[1]`, … for what the structure at hand numbers itself. */
  readonly tag: string;
  /** The encoded value, tag and length included. */
  readonly raw: Uint8Array;
  /** The bytes of a value that has no fields; an OCTET STRING in pieces is put together. */
  readonly content: Uint8Array;
  readonly children: readonly Asn1[];
  /** An object identifier in dotted form; empty for every other value. */
  readonly oid: string;
}

const UNIVERSAL: Record<number, string> = {
  1: 'BOOLEAN',
  2: 'INTEGER',
  3: 'BIT STRING',
  4: 'OCTET STRING',
  6: 'OBJECT IDENTIFIER',
  16: 'SEQUENCE',
  17: 'SET',
  23: 'UTCTime',
  24: 'GeneralizedTime',
};

/** Reads exactly one value; throws if the bytes are none, hold more, or nest deeper than 100 levels. */
export function readAsn1(bytes: Uint8Array): Asn1 {
  const { offset, result } = fromBER(bytes);
  if (offset !== bytes.length) throw new Error('expected one ASN.1 value and nothing after it');
  return convert(result);
}

function convert(value: BaseBlock): Asn1 {
  const { tagClass, tagNumber, isConstructed } = value.idBlock;
  const tag = tagClass === 3 ? `[${tagNumber}]` : tagClass === 1 ? UNIVERSAL[tagNumber] : undefined;
  const raw = value.valueBeforeDecodeView;
  const children = isConstructed ? (value as Constructed).valueBlock.value.map(convert) : [];
  const content =
    isConstructed && tag === 'OCTET STRING'
      ? Buffer.concat(children.map(piece => piece.content))
      : raw.subarray(raw.length - value.lenBlock.length);
  const oid = value instanceof ObjectIdentifier ? value.valueBlock.toString() : '';
  return { tag: tag ?? `tag ${tagNumber} of class ${tagClass}`, raw, content, children, oid };
}

/** The fields of a SEQUENCE, a SET or a numbered value, taken one after the other. */
export class Fields {
  private next = 0;
  private readonly fields: readonly Asn1[];

  constructor(value: Asn1, tag = 'SEQUENCE') {
    if (value.tag !== tag) throw new Error(`expected ${tag}, found ${value.tag}`);
    this.fields = value.children;
  }

  /** The next field, if it has this tag. */
  maybe(tag: string): Asn1 | undefined {
    return this.fields[this.next]?.tag === tag ? this.fields[this.next++] : undefined;
  }

  /** The next field, which must have this tag. */
  take(tag: string): Asn1 {
    const field = this.maybe(tag);
    if (field) return field;
    throw new Error(`expected ${tag}, found ${this.fields[this.next]?.tag ?? 'nothing more'}`);
  }

  /** Throws if fields are left. */
  end(): void {
    if (this.next < this.fields.length) throw new Error(`expected no field after ${this.next}`);
  }
}

/** The only field of a value. */
export function onlyField(value: Asn1, tag: string, fieldTag: string): Asn1 {
  const fields = new Fields(value, tag);
  const field = fields.take(fieldTag);
  fields.end();
  return field;
}

/** The object identifier of an AlgorithmIdentifier, whose parameters are left aside. */
export function algorithmOf(value: Asn1): string {
  return new Fields(value).take('OBJECT IDENTIFIER').oid;
}

export function integerOf({ content }: Asn1): bigint {
  if (content.length === 0) throw new Error('expected an INTEGER of at least one byte');
  const unsigned = BigInt(`0x${Buffer.from(content).toString('hex')}`);
  return content[0] < 128 ? unsigned : unsigned - (1n << BigInt(8 * content.length));
}

/** A GeneralizedTime in UTC with seconds, the only form that RFC 3161 allows; truncated to milliseconds. */
export function timeOf({ content }: Asn1): Date {
  const text = Buffer.from(content).toString('latin1');
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (parts) {
    const [, year, month, day, hour, minute, second, fraction = ''] = parts;
    const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
    const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}Z`;
    const time = new Date(iso);
    if (!Number.isNaN(time.getTime()) && time.toISOString() === iso) return time; // no 30 February
  }
  throw new Error('expected a time such as 20230823155924Z');
}
