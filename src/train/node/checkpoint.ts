import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { RandomState } from '../../random';
import type { Epoch } from '../train';
import { readArrays, writeArrays } from './array-file';

/** Where a training stands between two epochs: with this and the samples it goes on as if never stopped. */
export interface Checkpoint {
  /** Hash of everything else that the outcome depends on. */
  readonly fingerprint: string;
  readonly epochs: readonly Epoch[];
  readonly random: Readonly<Record<string, RandomState>>;
  /** The model's weights, then the optimizer's velocities. */
  readonly arrays: readonly Float32Array[];
}

const NAME = 'checkpoint';
const fields = {
  fingerprint: z.string(),
  epochs: z.array(
    z.strictObject({
      epoch: z.int(),
      learningRate: z.number(),
      loss: z.number(),
      accuracy: z.number(),
      validation: z.record(z.string(), z.number()),
    }),
  ),
  random: z.record(
    z.string(),
    z.strictObject({ words: z.array(z.int()), position: z.int(), spareNormal: z.number().nullable() }),
  ),
};

/** Replaces the folder's checkpoint as a whole: a process killed at any moment leaves the old or the new one. */
export function writeCheckpoint(folder: string, { arrays, ...record }: Checkpoint): void {
  writeArrays(folder, NAME, record, arrays);
}

/**
 * The checkpoint in `folder`, if there is one.
 *
 * @throws if its files are damaged, it belongs to a training with other samples, model or settings, or has run
 *   for more than `epochs`
 */
export function readCheckpoint(folder: string, fingerprint: string, epochs: number): Checkpoint | undefined {
  if (!existsSync(join(folder, `${NAME}.json`))) return undefined;
  const { record, arrays } = readArrays('train', folder, NAME, fields);
  if (record.fingerprint !== fingerprint) {
    const expected = 'one of the same samples, model and settings, or an empty folder';
    throw new Error(
      `train: checkpoint.folder is ${folder}, which holds another training's, expected ${expected}`,
    );
  }
  if (record.epochs.length > epochs) {
    throw new Error(`train: epochs is ${epochs}, expected at least ${record.epochs.length} as in ${folder}`);
  }
  return { ...record, arrays };
}
