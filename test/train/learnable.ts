import { Random } from '../../src/random';
import type { Samples } from '../../src/types';

/** Rows whose class can be learned: class k is brighter at every K-th value from k. `largest` is 1 for bits, 255 for pixels. */
export function learnable(
  count: number,
  seed: number,
  { shape = [24], classes = 4, largest = 1 }: { shape?: number[]; classes?: number; largest?: number } = {},
): Samples {
  const random = new Random(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const y = Uint8Array.from({ length: count }, () => random.integer(classes));
  const draw = (label: number, k: number) => Number(random.next() < (k % classes === label ? 0.8 : 0.2));
  const x = Uint8Array.from(
    { length: count * size },
    (_, i) => largest * draw(y[Math.floor(i / size)], i % size),
  );
  return { x, y, count, shape };
}
