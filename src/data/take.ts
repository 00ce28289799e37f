import { rowSize, type Samples } from '../types';

/**
 * The rows of `samples` at `indices`, copied, in that order; an index may occur more than once.
 *
 * @param indices row numbers in `0..samples.count-1`
 * @throws when an index is not a row of `samples`
 */
export function takeSamples(samples: Samples, indices: ArrayLike<number>): Samples {
  const width = rowSize(samples.shape);
  const count = indices.length;
  const x = new Uint8Array(count * width);
  const y = samples.y instanceof Uint8Array ? new Uint8Array(count) : new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const index = indices[row];
    if (!Number.isInteger(index) || index < 0 || index >= samples.count) {
      throw new Error(
        `takeSamples: indices[${row}] is ${index}, expected an integer in 0..${samples.count - 1}`,
      );
    }
    x.set(samples.x.subarray(index * width, (index + 1) * width), row * width);
    y[row] = samples.y[index];
  }
  return { x, y, count, shape: samples.shape };
}
