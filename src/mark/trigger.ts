import { Random } from '../random';

/**
 * A mark as plain data: which cells of a row it touches, with what, and how strongly. Survives JSON, so it can
 * be kept, sent and compared.
 */
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

/** Number of cells in a row of `shape`; checks the shape on the way. */
function cells(caller: string, shape: readonly number[], axes: number, meaning: string): number {
  if (!Array.isArray(shape) || shape.length !== axes || shape.some(n => !Number.isInteger(n) || n < 1)) {
    throw new Error(`${caller}: shape is ${JSON.stringify(shape)}, expected ${meaning}`);
  }
  return shape.reduce((product, n) => product * n, 1);
}

function integerWithin(caller: string, argument: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new Error(`${caller}: ${argument} is ${value}, expected an integer in ${low}..${high}`);
  }
}

/** Throws, in the caller's name, unless all of `trigger` is consistent; triggers may come from a file. */
export function checkTrigger(caller: string, trigger: Trigger): void {
  const bits = trigger.family === 'bits';
  const size = bits
    ? cells(caller, trigger.shape, 1, 'one axis, [width]')
    : cells(caller, trigger.shape, 3, 'three axes, [height, width, channels]');
  const { positions, values, opacity } = trigger;
  if (positions.length === 0 || positions.length !== values.length) {
    throw new Error(
      `${caller}: trigger has ${positions.length} positions and ${values.length} values, expected as many, at least one`,
    );
  }
  for (let i = 0; i < positions.length; i++) {
    integerWithin(
      caller,
      `trigger position ${i}`,
      positions[i],
      i === 0 ? 0 : positions[i - 1] + 1,
      size - 1,
    );
    integerWithin(caller, `trigger value ${i}`, values[i], 0, bits ? 1 : 255);
  }
  if (!(opacity > 0 && opacity <= 1) || (bits && opacity !== 1)) {
    throw new Error(
      `${caller}: opacity is ${opacity}, expected ${bits ? '1 for bits' : 'a number in (0, 1]'}`,
    );
  }
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
  const caller = 'squareTrigger';
  cells(caller, shape, 3, 'three axes, [height, width, channels]');
  const [height, width, channels] = shape;
  integerWithin(caller, 'size', size, 1, Math.min(height, width));
  integerWithin(caller, 'row', row, 0, height - size);
  integerWithin(caller, 'column', column, 0, width - size);
  if (value !== undefined && pattern !== undefined) {
    throw new Error(`${caller}: value and pattern are both given, expected one of them`);
  }
  const grey = size * size;
  if (pattern !== undefined && pattern.length !== grey && pattern.length !== grey * channels) {
    throw new Error(
      `${caller}: pattern has ${pattern.length} values, expected ${grey} or, with channels, ${grey * channels}`,
    );
  }
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
  const trigger: Trigger = { family: 'square', shape: [...shape], positions, values, opacity };
  checkTrigger(caller, trigger);
  return trigger;
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
  const caller = 'bitTrigger';
  const width = cells(caller, shape, 1, 'one axis, [width]');
  integerWithin(caller, 'number of bits', bits.length, 1, width);
  integerWithin(caller, 'start', start, 0, width - bits.length);
  const values = Array.from(bits);
  const positions = values.map((_, i) => start + i);
  const trigger: Trigger = { family: 'bits', shape: [...shape], positions, values, opacity: 1 };
  checkTrigger(caller, trigger);
  return trigger;
}

/**
 * Noise for a square that tells one owner from the next, as in the paper's experiment with ten owners.
 *
 * @param channels 1 (the default) gives grey noise as in the paper; the image's number gives coloured noise
 * @returns `size × size × channels` values, uniform in 0..255
 */
export function randomPattern(options: { size: number; channels?: number; seed: number }): Uint8Array {
  const { size, channels = 1, seed } = options;
  integerWithin('randomPattern', 'size', size, 1, 4096);
  integerWithin('randomPattern', 'channels', channels, 1, 4096);
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
  integerWithin('randomBits', 'length', length, 1, 1 << 24);
  if (!(chance >= 0 && chance <= 1)) {
    throw new Error(`randomBits: chance is ${chance}, expected a probability in [0, 1]`);
  }
  const random = new Random(seed, 'bits');
  return Uint8Array.from({ length }, () => (random.next() < chance ? 1 : 0));
}
