import { Random } from '../../src/random';
import { rowSize, type Samples } from '../../src/types';

/** Random bytes and labels. */
export function randomImages(seed: number, count = 40, shape = [5, 6, 2], classes = 4): Samples {
  const random = new Random(seed);
  return {
    x: Uint8Array.from({ length: count * rowSize(shape) }, () => random.integer(256)),
    y: Uint8Array.from({ length: count }, () => random.integer(classes)),
    count,
    shape,
  };
}
