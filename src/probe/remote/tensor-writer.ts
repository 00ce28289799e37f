import type { Samples } from '../../types';

/**
 * How the bytes of a sample become the numbers that a service expects:
 * `(byte × scale − mean) / std`, then rounded to the data type.
 */
export interface Preprocess {
  /** 1 leaves 0..255, 1/255 gives 0..1. Default 1. */
  readonly scale?: number;
  /** After scaling; one number, or one a channel. Default 0. */
  readonly mean?: number | readonly number[];
  /** One number, or one a channel. Default 1. */
  readonly std?: number | readonly number[];
  /** Order of an image's axes as the service wants them; ours are NHWC. Default NHWC. */
  readonly layout?: 'NHWC' | 'NCHW';
  /** Default FP32. The integer types need values that are integers. */
  readonly datatype?: 'FP32' | 'FP64' | 'UINT8' | 'INT32' | 'INT64';
  /** One sample's shape as the service wants it, e.g. `[784]`. Default: the samples' own, in `layout`. */
  readonly shape?: readonly number[];
}

/** Turns batches of bytes into the numbers or the JSON text that a service reads. */
export class TensorWriter {
  readonly datatype: NonNullable<Preprocess['datatype']>;
  /** Shape of one sample in the service's order. */
  readonly shape: readonly number[];
  /** Place among a sample's bytes of each number of the service's order. */
  private readonly order: Int32Array;
  /** Where among the values those for each number start. */
  private readonly tables: Int32Array;
  private readonly channels: number;
  /** What each byte of each channel becomes: channel × 256 + byte. */
  private readonly values: readonly number[];
  private readonly texts: Texts;
  private readonly separators: Texts;

  /**
   * @param shape of the samples
   * @param nested whether {@link json} nests lists by shape, or puts all numbers into one
   * @throws Error when `preprocess` does not fit samples of `shape`
   */
  constructor(
    shape: readonly number[],
    preprocess: Preprocess,
    private readonly nested = false,
  ) {
    const { scale = 1, mean = 0, std = 1, layout = 'NHWC', datatype = 'FP32' } = preprocess;
    const size = product(shape);
    if (layout === 'NCHW' && shape.length !== 3) {
      throw new Error(`preprocess: layout is NCHW for samples of shape [${shape}], expected three axes`);
    }
    this.datatype = datatype;
    this.channels = shape.length === 3 ? shape[2] : 1;
    const pixels = size / this.channels;
    const moved = layout === 'NCHW' && this.channels > 1;
    this.order = Int32Array.from({ length: size }, (_, i) =>
      moved ? (i % pixels) * this.channels + Math.floor(i / pixels) : i,
    );
    this.tables = this.order.map(place => (place % this.channels) * 256);
    const own = layout === 'NCHW' ? [shape[2], shape[0], shape[1]] : shape;
    this.shape = preprocess.shape ?? own;
    if (product(this.shape) !== size) {
      throw new Error(`preprocess: shape is [${this.shape}], expected ${size} numbers in all`);
    }
    const means = this.perChannel('mean', mean);
    const stds = this.perChannel('std', std);
    this.values = Array.from({ length: this.channels * 256 }, (_, i) => {
      const channel = Math.floor(i / 256);
      return rounded(((i % 256) * scale - means[channel]) / stds[channel], datatype);
    });
    this.texts = new Texts(this.values.map(String));
    this.separators = new Texts(Array.from(this.order, (_, i) => this.separator(i)));
  }

  /** The numbers of a batch, in the service's order. */
  numbers(samples: Samples): Float32Array {
    return this.fill(new Float32Array(samples.count * this.order.length), samples);
  }

  /** The batch as JSON, a list; with a `name`, of one object `{name: sample}` a sample. UTF-8. */
  json(samples: Samples, name?: string): Buffer {
    const { order, tables, texts, separators } = this;
    const start = Buffer.from(name === undefined ? '' : `{${JSON.stringify(name)}:`);
    const end = (this.nested ? ']'.repeat(this.shape.length) : '') + (name === undefined ? '' : '}');
    const most = order.length * texts.longest + separators.length + start.length + end.length + 1;
    const bytes = Buffer.allocUnsafe(2 + samples.count * most);
    let at = bytes.write('[');
    for (let row = 0; row < samples.count; row++) {
      if (row > 0) at += bytes.write(',', at);
      at += start.copy(bytes, at);
      for (let i = 0; i < order.length; i++) {
        const byte = samples.x[row * order.length + order[i]];
        at = separators.write(i, bytes, at);
        at = texts.write(tables[i] + byte, bytes, at);
      }
      at += bytes.write(end, at);
    }
    return bytes.subarray(0, at + bytes.write(']', at));
  }

  private fill<T extends Float32Array | Float64Array>(numbers: T, { x, count }: Samples): T {
    const { order, tables, values } = this;
    for (let row = 0, at = 0; row < count; row++) {
      for (let i = 0; i < order.length; i++)
        numbers[at++] = values[tables[i] + x[row * order.length + order[i]]];
    }
    return numbers;
  }

  /** What stands before number `i` of a sample: the lists that end and begin there. */
  private separator(i: number): string {
    let depth = 0;
    for (let axis = this.shape.length - 1, extent = 1; this.nested && axis >= 0; axis--) {
      extent *= this.shape[axis];
      if (i % extent === 0) depth++;
    }
    const opened = '['.repeat(depth);
    return i === 0 ? opened : `${']'.repeat(depth)},${opened}`;
  }

  private perChannel(name: string, value: number | readonly number[]): readonly number[] {
    const list = typeof value === 'number' ? new Array<number>(this.channels).fill(value) : value;
    const usable = list.every(number => Number.isFinite(number) && (name !== 'std' || number > 0));
    if (list.length === this.channels && usable) return list;
    throw new Error(
      `preprocess: ${name} is ${JSON.stringify(value)}, expected one number or ${this.channels}`,
    );
  }
}

/** Short ASCII texts, kept as bytes: numbers put together from these take a quarter of the time of strings. */
class Texts {
  /** Of all texts, in bytes. */
  readonly length: number;
  readonly longest: number;
  private readonly bytes: Buffer;
  /** Where each text starts, and the last one ends. */
  private readonly starts: Int32Array;

  constructor(texts: readonly string[]) {
    this.bytes = Buffer.from(texts.join(''), 'latin1');
    this.length = this.bytes.length;
    this.longest = texts.reduce((most, { length }) => Math.max(most, length), 0);
    this.starts = new Int32Array(texts.length + 1);
    texts.forEach((text, i) => {
      this.starts[i + 1] = this.starts[i] + text.length;
    });
  }

  /** Puts text `i` into `bytes` from `at` on; returns where it ends. */
  write(i: number, bytes: Uint8Array, at: number): number {
    const end = this.starts[i + 1];
    for (let from = this.starts[i]; from < end; from++) bytes[at++] = this.bytes[from];
    return at;
  }
}

export function product(shape: readonly number[]): number {
  return shape.reduce((result, extent) => result * extent, 1);
}

function rounded(value: number, datatype: string): number {
  if (!Number.isFinite(value)) throw new Error(`preprocess: a byte becomes ${value}, expected a number`);
  if (datatype === 'FP64') return value;
  // nine digits give the same float32 again, in half the bytes of a double
  if (datatype === 'FP32') return Number(Math.fround(value).toPrecision(9));
  const [low, high] = datatype === 'UINT8' ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1];
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new Error(`preprocess: a byte becomes ${value}, expected an integer fit for ${datatype}`);
}
