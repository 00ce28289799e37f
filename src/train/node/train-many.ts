import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { useEngine } from '../../engine/node';
import type { Progress, Samples } from '../../types';
import type { Model } from '../model';
import { type History, isSamples, type TrainOptions } from '../train';
import type { Task, Trained } from './train-worker';

/** The arguments of one `train`. */
export interface TrainJob extends TrainOptions {
  readonly model: Model;
  readonly samples: Samples;
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
  if (!Number.isInteger(workers) || workers < 1) {
    throw new Error(`trainMany: workers is ${workers}, expected a positive integer`);
  }
  const engine = (await useEngine()).name;
  const pool = new Piscina<Task, Trained>({
    filename: join(__dirname, 'train-worker.js'),
    minThreads: 0,
    maxThreads: Math.max(1, Math.min(workers, jobs.length)),
  });
  const share = sharing();
  const run = async ({ model, samples, onProgress, signal, validation, ...options }: TrainJob) => {
    const { port1: here, port2: port } = new MessageChannel();
    const stop = () => here.postMessage('stop');
    here.on('message', (progress: Progress) => onProgress?.(progress));
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      const { description } = model;
      const task = { engine, description, weights: await model.getWeights(), samples: share(samples), port };
      const shared = validation && mapSamples(validation, share);
      const { history, weights } = await pool.run(
        { ...task, options: { ...options, validation: shared } },
        { transferList: [port] },
      );
      model.setWeights(weights);
      return history;
    } finally {
      signal?.removeEventListener('abort', stop);
      here.close();
    }
  };
  try {
    return await Promise.allSettled(jobs.map(run));
  } finally {
    await pool.destroy();
  }
}

/** A function that moves samples to shared memory, the same ones only once. */
function sharing(): (samples: Samples) => Samples {
  const copies = new Map<Samples, Samples>();
  return samples => {
    let copy = copies.get(samples);
    if (copy === undefined) {
      const x = new Uint8Array(new SharedArrayBuffer(samples.x.length));
      const y = new Int32Array(new SharedArrayBuffer(4 * samples.y.length));
      x.set(samples.x);
      y.set(samples.y);
      copy = { x, y, count: samples.count, shape: [...samples.shape] };
      copies.set(samples, copy);
    }
    return copy;
  };
}

function mapSamples(
  validation: NonNullable<TrainOptions['validation']>,
  share: (samples: Samples) => Samples,
): NonNullable<TrainOptions['validation']> {
  if (isSamples(validation)) return share(validation);
  return Object.fromEntries(Object.entries(validation).map(([name, samples]) => [name, share(samples)]));
}
