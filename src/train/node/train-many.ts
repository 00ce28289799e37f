import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { checksOf } from '../../check';
import type { Progress, Samples } from '../../types';
import type { History } from '../epoch';
import type { Model } from '../model';
import { isSamples, type TrainOptions } from '../options';
import type { FolderCheckpoint } from './checkpoint';
import { Pool } from './pool';
import type { Trained, TrainTask } from './train-worker';

/** The arguments of one `train`. */
export interface TrainJob extends TrainOptions {
  readonly model: Model;
  readonly samples: Samples;
  readonly checkpoint?: FolderCheckpoint;
}

/**
 * Trains independent models side by side, each in a thread of its own, to the same weights as `train` would.
 *
 * Progress, cancelling and checkpoints are each job's own, by its options. Samples are copied once, however many
 * jobs use them, into memory that the threads share.
 *
 * @param workers how many train at a time; default: as many as there are processor cores
 * @returns for each job its history or why it failed, in the order of the jobs; a failure stops no other job,
 *   and leaves its model as it was
 */
export async function trainMany(
  jobs: readonly TrainJob[],
  { workers = availableParallelism() }: { readonly workers?: number } = {},
): Promise<PromiseSettledResult<History>[]> {
  const threads = Math.min(checksOf('trainMany').integer('workers', workers, 1), jobs.length);
  if (threads === 0) return [];
  const pool = await Pool.open<TrainTask, Trained, Progress>(join(__dirname, 'train-worker.js'), threads);
  const share = sharing();
  const trainOne = async ({ model, onProgress, signal, checkpoint, ...job }: TrainJob): Promise<History> => {
    const { samples, validation, ...options } = job;
    const task = {
      description: model.description,
      weights: await model.getWeights(),
      samples: share(samples),
      options: { ...options, validation: validation && shareAll(validation, share) },
      checkpoint: checkpoint && { folder: checkpoint.folder, rate: checkpoint.rate },
    };
    const { history, weights } = await pool.run(task, { onProgress, signal });
    model.setWeights(weights);
    return history;
  };
  try {
    return await Promise.allSettled(jobs.map(trainOne));
  } finally {
    await pool.close();
  }
}

type Share = (samples: Samples) => Samples;

/** A function that copies samples to shared memory, the same ones only once. */
function sharing(): Share {
  const copies = new Map<Samples, Samples>();
  return samples => {
    const copy = copies.get(samples) ?? { ...samples, x: shared(samples.x), y: shared(samples.y) };
    copies.set(samples, copy);
    return copy;
  };
}

function shared<T extends Uint8Array | Int32Array>(values: T): T {
  const Values = values.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new Values(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

function shareAll(validation: NonNullable<TrainOptions['validation']>, share: Share): typeof validation {
  if (isSamples(validation)) return share(validation);
  return Object.fromEntries(Object.entries(validation).map(([name, samples]) => [name, share(samples)]));
}
