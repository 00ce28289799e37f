import * as tf from '@tensorflow/tfjs';
import type { Samples } from '../types';

/** Throws unless `samples` suit a model: same shape, at least one row, labels below `classes`, no missing bytes. */
export function checkSamples(
  caller: string,
  argument: string,
  samples: Samples,
  model: { readonly shape: readonly number[]; readonly classes: number },
): void {
  const { x, y, count, shape } = samples;
  if (shape.join() !== model.shape.join()) {
    throw new Error(`${caller}: ${argument} have shape [${shape}], expected [${model.shape}] as the model's`);
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`${caller}: ${argument} have count ${count}, expected at least one sample`);
  }
  const size = shape.reduce((product, length) => product * length, 1);
  if (x.length !== count * size || y.length !== count) {
    const expected = `${count * size} and ${count}`;
    throw new Error(
      `${caller}: ${argument} hold ${x.length} bytes and ${y.length} labels, expected ${expected}`,
    );
  }
  const wrong = y.findIndex((label: number) => label < 0 || label >= model.classes);
  if (wrong !== -1) {
    const expected = `0..${model.classes - 1}`;
    throw new Error(`${caller}: ${argument} have label ${y[wrong]} at index ${wrong}, expected ${expected}`);
  }
}

/** Hands out rows of `samples` as float32 tensors, a batch at a time, so that the data set itself stays bytes. */
export class Batches {
  readonly count: number;
  private readonly scale: Float32Array;
  private readonly size: number;

  constructor(private readonly samples: Samples) {
    this.count = samples.count;
    // bits stay 0 and 1, pixels become 0..1 as PyTorch's ToTensor makes them
    const largest = samples.shape.length === 3 ? 255 : 1;
    this.scale = Float32Array.from({ length: 256 }, (_, byte) => byte / largest);
    this.size = samples.x.length / samples.count;
  }

  /** The rows `rows`, images mirrored left to right where `flip` says so. */
  take(rows: Int32Array, flip?: (row: number) => boolean): { x: tf.Tensor; labels: tf.Tensor1D } {
    const { scale, size } = this;
    const { x, y, shape } = this.samples;
    const values = new Float32Array(rows.length * size);
    const labels = new Int32Array(rows.length);
    const [, width, channels] = shape;
    rows.forEach((row, i) => {
      labels[i] = y[row];
      const [from, to] = [row * size, i * size];
      if (!flip?.(row)) {
        for (let k = 0; k < size; k++) values[to + k] = scale[x[from + k]];
        return;
      }
      for (let k = 0; k < size; k++) {
        const [pixel, channel] = [Math.floor(k / channels), k % channels];
        const mirrored = pixel - (pixel % width) + (width - 1 - (pixel % width));
        values[to + mirrored * channels + channel] = scale[x[from + k]];
      }
    });
    return { x: tf.tensor(values, [rows.length, ...shape]), labels: tf.tensor1d(labels, 'int32') };
  }
}

/** 0 .. count−1 cut into pieces of `size`, the last one perhaps shorter. */
export function* slices(rows: Int32Array, size: number): Generator<Int32Array> {
  for (let start = 0; start < rows.length; start += size) yield rows.subarray(start, start + size);
}
