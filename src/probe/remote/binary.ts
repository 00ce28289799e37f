import { excerpt } from './answer-reader';

/** The HTTP header that says where the JSON of a body ends, in bytes; tensors follow. */
export const JSON_LENGTH_HEADER = 'inference-header-content-length';

/** One data type: bytes of a number, and how it is read and written. */
interface NumberFormat {
  readonly width: number;
  readonly read: (view: DataView, at: number) => number;
  readonly write?: (view: DataView, at: number, value: number) => void;
}

const BYTE: NumberFormat = {
  width: 1,
  read: (view, at) => view.getUint8(at),
  write: (view, at, value) => view.setUint8(at, value),
};
const FORMATS: Readonly<Record<string, NumberFormat>> = {
  BOOL: BYTE,
  UINT8: BYTE,
  UINT16: { width: 2, read: (view, at) => view.getUint16(at, true) },
  UINT32: { width: 4, read: (view, at) => view.getUint32(at, true) },
  UINT64: { width: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  INT8: { width: 1, read: (view, at) => view.getInt8(at) },
  INT16: { width: 2, read: (view, at) => view.getInt16(at, true) },
  INT32: {
    width: 4,
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, value, true),
  },
  INT64: {
    width: 8,
    read: (view, at) => Number(view.getBigInt64(at, true)),
    write: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  },
  FP16: { width: 2, read: (view, at) => half(view.getUint16(at, true)) },
  FP32: {
    width: 4,
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value) => view.setFloat32(at, value, true),
  },
  FP64: {
    width: 8,
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, value, true),
  },
};

/**
 * The values of a tensor that came as bytes: little-endian, in rows, nothing between them; BYTES as text, each
 * after its length in four bytes.
 *
 * @throws Error when the bytes don't divide into values, or the data type is unknown
 */
export function decodeTensor(datatype: unknown, bytes: Uint8Array): (number | string)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (datatype === 'BYTES') return texts(view);
  const { width, read } = formatOf(datatype);
  if (bytes.length % width !== 0) {
    throw new Error(`${bytes.length} bytes of ${datatype}, expected ${width} for each value`);
  }
  const values = new Array<number>(bytes.length / width);
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * width);
  return values;
}

/**
 * The reverse of {@link decodeTensor}.
 *
 * @throws Error when the data type is not one that is written
 */
export function encodeTensor(datatype: string, values: ArrayLike<number | string>): Buffer {
  if (datatype === 'BYTES') return Buffer.concat(Array.from(values, withLength));
  const { width, write } = formatOf(datatype);
  if (write === undefined) throw new Error(`datatype is ${datatype}, expected one that can be written`);
  const bytes = Buffer.alloc(values.length * width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < values.length; i++) write(view, i * width, Number(values[i]));
  return bytes;
}

interface Tensor {
  readonly data: unknown;
  readonly parameters?: object;
}

/**
 * A request or an answer as an HTTP body: JSON, and behind it the tensors whose `data` is a Buffer, in their order.
 *
 * Source: the binary tensor data extension of the Open Inference Protocol,
 * github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md.
 */
export function packMessage(
  message: Readonly<Record<string, unknown>>,
  tensors: 'inputs' | 'outputs',
): { headers: Record<string, string>; body: Buffer } {
  const bytes: Buffer[] = [];
  const list = (message[tensors] as readonly Tensor[]).map(({ data, ...tensor }) => {
    if (!Buffer.isBuffer(data)) return { ...tensor, data };
    bytes.push(data);
    return { ...tensor, parameters: { ...tensor.parameters, binary_data_size: data.length } };
  });
  const json = Buffer.from(JSON.stringify({ ...message, [tensors]: list }));
  return {
    headers: { 'content-type': 'application/octet-stream', [JSON_LENGTH_HEADER]: String(json.length) },
    body: Buffer.concat([json, ...bytes]),
  };
}

/**
 * The reverse of {@link packMessage}, for a body that may be hostile.
 *
 * @param jsonLength what {@link JSON_LENGTH_HEADER} says
 * @param tensors the member that lists them
 * @throws Error unless the header and the sizes in the JSON account for every byte of the body, once
 */
export function unpackMessage(
  body: Buffer,
  jsonLength: unknown,
  tensors: 'inputs' | 'outputs',
): Record<string, unknown> {
  const end = typeof jsonLength === 'string' && /^\d+$/.test(jsonLength) ? Number(jsonLength) : Number.NaN;
  if (!(end <= body.length)) {
    throw new Error(
      `${JSON_LENGTH_HEADER} is ${excerpt(jsonLength)}, expected an integer in 0..${body.length} (the body's bytes)`,
    );
  }
  const message = parse(body.subarray(0, end));
  const list = message[tensors];
  if (!Array.isArray(list)) throw new Error(`${tensors} is ${excerpt(list)}, expected a list`);
  let at = end;
  const unpacked = list.map(tensor => {
    const size = tensor?.parameters?.binary_data_size;
    if (size === undefined) return tensor;
    const left = body.length - at;
    if (!Number.isInteger(size) || size < 0 || size > left) {
      throw new Error(`binary_data_size is ${excerpt(size)}, expected an integer in 0..${left} (bytes left)`);
    }
    if ('data' in tensor) throw new Error('a tensor has data and binary_data_size, expected one of the two');
    at += size;
    return { ...tensor, data: body.subarray(at - size, at) };
  });
  if (at === body.length) return { ...message, [tensors]: unpacked };
  throw new Error(`${body.length - at} bytes are left over, expected tensors up to the end of the body`);
}

function parse(json: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json.toString());
  } catch {
    // said below
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  const start = json.toString('utf8', 0, 200);
  throw new Error(`the part before the tensors is ${excerpt(start)}, expected a JSON object`);
}

function formatOf(datatype: unknown): NumberFormat {
  if (typeof datatype === 'string' && Object.hasOwn(FORMATS, datatype)) return FORMATS[datatype];
  throw new Error(
    `datatype is ${excerpt(datatype)}, expected one of ${Object.keys(FORMATS).join(', ')} or BYTES`,
  );
}

function withLength(value: unknown): Buffer {
  const text = String(value);
  const bytes = Buffer.alloc(4 + Buffer.byteLength(text));
  bytes.writeUInt32LE(bytes.length - 4);
  bytes.write(text, 4);
  return bytes;
}

function texts(view: DataView): string[] {
  const found: string[] = [];
  for (let at = 0; at < view.byteLength; ) {
    const left = view.byteLength - at - 4;
    const length = left < 0 ? Number.NaN : view.getUint32(at, true);
    if (!(length <= left)) throw new Error(`BYTES end within value ${found.length}, expected whole values`);
    found.push(Buffer.from(view.buffer, view.byteOffset + at + 4, length).toString());
    at += 4 + length;
  }
  return found;
}

/** A number of IEEE 754's binary16. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
