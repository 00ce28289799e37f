import { checksOf } from '../check';
import { rowSize, type Samples } from '../types';

/** Throws unless `samples` suit a model: same shape, at least one row, labels below `classes`, no missing bytes. */
export function checkSamples(
  caller: string,
  argument: string,
  samples: Samples,
  model: { readonly shape: readonly number[]; readonly classes: number },
): void {
  const { x, y, count, shape } = samples;
  const check = checksOf(caller);
  check.sameShape(argument, shape, model.shape, 'the model');
  check.integer(`count of ${argument}`, count, 1);
  const size = count * rowSize(shape);
  if (x.length !== size || y.length !== count) {
    const found = `${x.length} values and ${y.length} labels`;
    throw new Error(`${caller}: ${argument} hold ${found}, expected ${size} and ${count}`);
  }
  const wrong = y.findIndex((label: number) => label < 0 || label >= model.classes);
  if (wrong !== -1) check.label(`label ${wrong} of ${argument}`, y[wrong], model.classes);
}

/** Pixels as PyTorch's ToTensor makes them. */
const UNIT = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

export interface Batch {
  /** Rows one after the other, bits as 0 and 1, pixels as 0..1. */
  readonly x: Float32Array;
  readonly labels: Int32Array;
}

/** Hands out rows of `samples` as float32, a batch at a time, so that the data set itself stays bytes. */
export class Batches {
  readonly count: number;
  private readonly size: number;

  constructor(private readonly samples: Samples) {
    this.count = samples.count;
    this.size = samples.x.length / samples.count;
  }

  /** The rows `rows`, an image mirrored left to right where `flip` returns true. */
  take(rows: Int32Array, flip?: () => boolean): Batch {
    const { size } = this;
    const { x, y, shape } = this.samples;
    const values = new Float32Array(rows.length * size);
    const labels = new Int32Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      labels[i] = y[rows[i]];
      const row = x.subarray(rows[i] * size, (rows[i] + 1) * size);
      const to = values.subarray(i * size, (i + 1) * size);
      if (shape.length !== 3) to.set(row);
      else if (flip?.()) this.mirror(row, to);
      else for (let k = 0; k < size; k++) to[k] = UNIT[row[k]];
    }
    return { x: values, labels };
  }

  private mirror(row: Uint8Array, to: Float32Array): void {
    const [height, width, channels] = this.samples.shape;
    for (let start = 0; start < height * width; start += width) {
      for (let column = 0; column < width; column++) {
        const from = (start + column) * channels;
        const mirrored = (start + width - 1 - column) * channels;
        for (let channel = 0; channel < channels; channel++)
          to[mirrored + channel] = UNIT[row[from + channel]];
      }
    }
  }
}

/** `rows` cut into pieces of `size`, the last one may be shorter. */
export function* slices(rows: Int32Array, size: number): Generator<Int32Array> {
  for (let start = 0; start < rows.length; start += size) yield rows.subarray(start, start + size);
}
