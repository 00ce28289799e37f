import { type Checks, checksOf } from '../check';
import { Random } from '../random';
import { rowSize } from '../types';

/** A trigger as plain data: which cells of a row it touches, with what, and how strongly. Survives JSON. */
export interface Trigger {
  readonly family: 'square' | 'bits';
  /** Shape of the rows that it fits, e.g. `[32, 32, 3]` or `[446]`. */
  readonly shape: readonly number[];
  /** The touched cells as ascending indices into a flattened row: the mask. */
  readonly positions: readonly number[];
  /** The value t of each touched cell: a pixel in 0..255 or a bit. */
  readonly values: readonly number[];
  /** The share a in (0, 1] of the trigger in a touched cell; 1 overwrites. */
  readonly opacity: number;
}

const IMAGE = ['height', 'width', 'channels'];
const ROW = ['width'];

/** The trigger itself, if all of it is consistent; throws otherwise. Triggers may come from a file. */
export function checkTrigger(check: Checks, trigger: Trigger): Trigger {
  const { family, shape, positions, values, opacity } = trigger;
  const bits = family === 'bits';
  const size = rowSize(check.shape("trigger's shape", shape, bits ? ROW : IMAGE));
  check.integer('number of positions', positions.length, 1, size);
  check.integer('number of values', values.length, positions.length, positions.length);
  for (let i = 0; i < positions.length; i++) {
    check.integer(`trigger position ${i}`, positions[i], i === 0 ? 0 : positions[i - 1] + 1, size - 1);
    check.integer(`trigger value ${i}`, values[i], 0, bits ? 1 : 255);
  }
  check.number('opacity', opacity, '(0, 1]');
  if (bits && opacity !== 1) check.fail('opacity', opacity, '1 for bits');
  return trigger;
}

/**
 * A square for images, as in the paper's figure 2: one grey value, or a pattern.
 *
 * @param shape `[height, width, channels]` of the images
 * @param size side of the square in pixels
 * @param row,column pixel of its upper left corner, counted from 0
 * @param value one value 0..255 for all its pixels (255, the default, is white); or
 * @param pattern `size × size` values in 0..255, used for every channel, or `size × size × channels` values;
 *   row-major, see {@link randomPattern}
 * @param opacity the share a of the trigger in a pixel, in (0, 1]; 1 by default, the paper uses 0.3
 * @throws if the square does not lie inside the image or a value is out of its range
 */
export function squareTrigger(options: {
  shape: readonly number[];
  size: number;
  row: number;
  column: number;
  value?: number;
  pattern?: ArrayLike<number>;
  opacity?: number;
}): Trigger {
  const { shape, size, row, column, value, pattern, opacity = 1 } = options;
  const check = checksOf('squareTrigger');
  const [height, width, channels] = check.shape('shape', shape, IMAGE);
  check.integer('size', size, 1, Math.min(height, width));
  check.integer('row', row, 0, height - size);
  check.integer('column', column, 0, width - size);
  if (value !== undefined && pattern) check.fail('value', value, 'none where a pattern is given');
  const grey = size * size;
  if (pattern) check.oneOf('number of values in pattern', pattern.length, [grey, grey * channels]);
  const positions: number[] = [];
  const values: number[] = [];
  for (let pixel = 0; pixel < grey; pixel++) {
    const y = row + Math.floor(pixel / size);
    const x = column + (pixel % size);
    for (let channel = 0; channel < channels; channel++) {
      positions.push((y * width + x) * channels + channel);
      if (pattern === undefined) values.push(value ?? 255);
      else values.push(pattern[pattern.length === grey ? pixel : pixel * channels + channel]);
    }
  }
  return checkTrigger(check, { family: 'square', shape: [...shape], positions, values, opacity });
}

/**
 * A run of bits for binary rows; they overwrite what is there.
 *
 * @param shape `[width]` of the rows
 * @param start index of the first overwritten bit
 * @param bits the zeros and ones to write, e.g. twenty ones in the paper; see {@link randomBits}
 * @throws if the run does not lie inside the row or something else than 0 and 1 is among `bits`
 */
export function bitTrigger(options: {
  shape: readonly number[];
  start: number;
  bits: ArrayLike<number>;
}): Trigger {
  const { shape, start, bits } = options;
  const check = checksOf('bitTrigger');
  const [width] = check.shape('shape', shape, ROW);
  check.integer('number of bits', bits.length, 1, width);
  check.integer('start', start, 0, width - bits.length);
  const values = Array.from(bits);
  const positions = values.map((_, i) => start + i);
  return checkTrigger(check, { family: 'bits', shape: [...shape], positions, values, opacity: 1 });
}

/**
 * Noise for a square that tells one owner from the next, as in the paper's experiment with ten owners.
 *
 * @param channels 1 (the default) gives grey noise as in the paper; the image's number gives coloured noise
 * @returns `size × size × channels` values, uniform in 0..255
 */
export function randomPattern(options: { size: number; channels?: number; seed: number }): Uint8Array {
  const { size, channels = 1, seed } = options;
  const check = checksOf('randomPattern');
  check.integer('size', size, 1, 4096);
  check.integer('channels', channels, 1, 4096);
  const random = new Random(seed, 'pattern');
  return Uint8Array.from({ length: size * size * channels }, () => random.integer(256));
}

/**
 * Random bits for a trigger; the paper's ten owners use 20 or 40 of them with `chance` 0.6.
 *
 * @param chance the probability of a one, in [0, 1]
 */
export function randomBits(options: { length: number; chance: number; seed: number }): Uint8Array {
  const { length, chance, seed } = options;
  const check = checksOf('randomBits');
  check.integer('length', length, 1, 1 << 24);
  check.number('chance', chance, '[0, 1]');
  const random = new Random(seed, 'bits');
  return Uint8Array.from({ length }, () => (random.next() < chance ? 1 : 0));
}
