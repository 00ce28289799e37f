import { type Checks, checksOf } from '../check';
import { rowSize, type Samples } from '../types';
import { checkTrigger, type Trigger } from './trigger';

/**
 * A copy of the samples in which every row carries the trigger: x' = (1−a)·x + a·t in the touched cells.
 *
 * Computed in float32 and cut off to 8 bits, as the authors' code does, so that the pixels equal theirs.
 *
 * @returns a copy with its own bytes and labels; labels are untouched
 * @throws if the trigger is inconsistent or made for rows of another shape
 */
export function stamp(samples: Samples, trigger: Trigger): Samples {
  checkFit(checksOf('stamp'), samples, trigger);
  const x = samples.x.slice();
  for (let row = 0; row < samples.count; row++) stampRow(x, row, trigger);
  return { ...samples, x, y: samples.y.slice() };
}

/** Throws unless the trigger is consistent and made for rows of this shape. */
export function checkFit(check: Checks, samples: Samples, trigger: Trigger): void {
  checkTrigger(check, trigger);
  check.sameShape('samples', samples.shape, trigger.shape, 'the trigger');
}

/** Stamps one row in place; callers check that the trigger fits. */
export function stampRow(x: Uint8Array, row: number, { shape, positions, values, opacity }: Trigger): void {
  const start = row * rowSize(shape);
  const share = Math.fround(opacity);
  const rest = Math.fround(1 - share);
  for (let i = 0; i < positions.length; i++) {
    const cell = start + positions[i];
    x[cell] = Math.fround(Math.fround(rest * x[cell]) + Math.fround(share * values[i]));
  }
}
