import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checksOf } from '../../check';
import { canonicalJson, sha256 } from '../../files';
import type { Checkpoint, TrainingStart } from '../options';
import { readArrays, writeArrays } from './array-file';

const NAME = 'checkpoint';
const fields = {
  /** Hash of all that decides the course of the training. */
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

/** When a state is written. */
export interface CheckpointRate {
  /** After every so many epochs (default 1) and after the last, */
  readonly every?: number;
  /** but not within so many seconds of the start or of the last writing (default 0). */
  readonly seconds?: number;
}

/**
 * Keeps the state of a training in `folder`, for the option `checkpoint` of `train`.
 *
 * A training that finds the state of its own earlier run there continues from it, and ends as if it had never
 * stopped. A process killed at any moment leaves the old state or the new one.
 *
 * @throws when training starts, if the files are damaged, belong to a training with other samples, model or
 *   settings, or to one that has run for more epochs
 */
export function checkpointIn(folder: string, { every = 1, seconds = 0 }: CheckpointRate = {}): Checkpoint {
  checksOf('checkpointIn').integer('every', every, 1);
  checksOf('checkpointIn').number('seconds', seconds, '[0, ∞)');
  let fingerprint = '';
  let written = 0;
  return {
    load: async start => {
      written = performance.now();
      fingerprint = await fingerprintOf(start);
      if (!existsSync(join(folder, `${NAME}.json`))) return undefined;
      const { record, arrays } = readArrays('train', folder, NAME, fields);
      const check = checksOf('train');
      if (record.fingerprint !== fingerprint) {
        check.fail('checkpoint', folder, 'a folder that is empty or of the same samples, model and settings');
      }
      if (record.epochs.length > start.epochs) {
        check.fail('epochs', start.epochs, `at least ${record.epochs.length} as in ${folder}`);
      }
      return { ...record, arrays };
    },
    save: async (state, { done, total }) => {
      if (done < total && done % every !== 0) return;
      if (performance.now() - written < 1000 * seconds) return;
      const { arrays, ...record } = await state();
      writeArrays(folder, NAME, { fingerprint, ...record }, arrays);
      written = performance.now();
    },
  };
}

async function fingerprintOf({ model, samples, options }: TrainingStart): Promise<string> {
  const { description } = model;
  const { x, y, count, shape } = samples;
  const weights = (await model.getWeights()).map(({ buffer }) => new Uint8Array(buffer));
  const text = canonicalJson({ decisive: options, description, count, shape });
  return sha256(text, x, Int32Array.from(y).join(), ...weights);
}
