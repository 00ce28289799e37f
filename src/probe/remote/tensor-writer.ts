import { checksOf } from '../../check';
import { rowSize, type Samples } from '../../types';

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

const check = checksOf('preprocess');

/** Turns batches of bytes into the numbers that a service reads. */
export class TensorWriter {
  readonly datatype: NonNullable<Preprocess['datatype']>;
  /** Shape of one sample in the service's order. */
  readonly shape: readonly number[];
  /** Place among a sample's bytes of each number of the service's order. */
  private readonly order: Int32Array;
  private readonly channels: number;
  /** What each byte of each channel becomes: channel × 256 + byte. */
  private readonly values: readonly number[];

  /**
   * @param shape of the samples
   * @throws Error when `preprocess` does not fit samples of `shape`
   */
  constructor(shape: readonly number[], preprocess: Preprocess) {
    const { scale = 1, mean = 0, std = 1, layout = 'NHWC', datatype = 'FP32' } = preprocess;
    const size = rowSize(shape);
    if (layout === 'NCHW' && shape.length !== 3) {
      check.fail('layout', layout, `NHWC for samples of shape [${shape}], which has no three axes`);
    }
    this.datatype = datatype;
    this.channels = shape.length === 3 ? shape[2] : 1;
    const pixels = size / this.channels;
    const moved = layout === 'NCHW' && this.channels > 1;
    this.order = Int32Array.from({ length: size }, (_, i) =>
      moved ? (i % pixels) * this.channels + Math.floor(i / pixels) : i,
    );
    const own = layout === 'NCHW' ? [shape[2], shape[0], shape[1]] : shape;
    this.shape = preprocess.shape ?? own;
    if (rowSize(this.shape) !== size) check.fail('shape', this.shape, `${size} numbers in all`);
    const means = this.perChannel('mean', mean);
    const stds = this.perChannel('std', std);
    this.values = Array.from({ length: this.channels * 256 }, (_, i) => {
      const channel = Math.floor(i / 256);
      return rounded(((i % 256) * scale - means[channel]) / stds[channel], datatype);
    });
  }

  /** The numbers of a batch, in the service's order. Doubles: float32 would change integers and FP64. */
  numbers({ x, count }: Samples): Float64Array {
    const { order, values, channels } = this;
    const size = order.length;
    return Float64Array.from({ length: count * size }, (_, i) => {
      const place = order[i % size];
      return values[(place % channels) * 256 + x[i - (i % size) + place]];
    });
  }

  /** The same as lists, one a sample, nested by shape. */
  lists(samples: Samples): unknown[] {
    return this.shape.reduceRight<unknown[]>(
      (values, extent) =>
        Array.from({ length: values.length / extent }, (_, i) => values.slice(i * extent, (i + 1) * extent)),
      [...this.numbers(samples)],
    );
  }

  private perChannel(name: string, value: number | readonly number[]): readonly number[] {
    const list = typeof value === 'number' ? new Array<number>(this.channels).fill(value) : value;
    const usable = list.every(number => Number.isFinite(number) && (name !== 'std' || number > 0));
    if (list.length === this.channels && usable) return list;
    return check.fail(name, value, `one number or ${this.channels}${name === 'std' ? ', above 0' : ''}`);
  }
}

function rounded(value: number, datatype: string): number {
  const [low, high] = datatype === 'UINT8' ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1];
  const whole = Number.isInteger(value) && value >= low && value <= high;
  const real = datatype === 'FP64' || datatype === 'FP32';
  if (real ? !Number.isFinite(value) : !whole) {
    throw new Error(
      `preprocess: a byte becomes ${value}, expected ${real ? 'a number' : `an integer fit for ${datatype}`}`,
    );
  }
  // nine digits give the same float32 again, in half the text of a double
  return datatype === 'FP32' ? Number(Math.fround(value).toPrecision(9)) : value;
}
