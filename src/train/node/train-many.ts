import { availableParallelism } from 'node:os';
import { checksOf } from '../../check';
import type { Progress, Samples } from '../../types';
import type { History } from '../epoch';
import { type Model, type ModelDescription, modelFrom } from '../model';
import type { TrainOptions } from '../options';
import { train } from '../train';
import { inThread, Pool } from './pool';

/** The arguments of one `train`. */
export interface TrainJob extends Omit<TrainOptions, 'checkpoint'> {
  readonly model: Model;
  readonly samples: Samples;
}

/** What a thread is sent, and what it returns. */
interface Task {
  readonly description: ModelDescription;
  readonly weights: readonly Float32Array[];
  readonly samples: Samples;
  readonly options: TrainOptions;
}
interface Trained {
  readonly history: History;
  readonly weights: readonly Float32Array[];
}

/**
 * Trains independent models side by side, each in a thread of its own, to the same weights as `train` would.
 *
 * Progress and cancelling are each job's own, by its options. Samples are copied once, however many jobs use them,
 * into memory that the threads share.
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
  const pool = await Pool.open<Task, Trained, Progress>(__filename, threads);
  const share = sharing();
  const trainOne = async ({ model, onProgress, signal, ...job }: TrainJob): Promise<History> => {
    const { samples, validation = {}, ...rest } = job;
    const sets = Object.entries(validation).map(([name, set]) => [name, share(set)]);
    const options = { ...rest, validation: Object.fromEntries(sets) };
    const before = { description: model.description, weights: await model.getWeights() };
    const task = { ...before, samples: share(samples), options };
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

/** A thread's side of {@link trainMany}. */
export default inThread<Task, Trained, Progress>(
  async ({ description, weights, samples, options }, watch) => {
    const model = await modelFrom(description);
    try {
      model.setWeights(weights);
      const history = await train(model, samples, { ...options, ...watch });
      return { history, weights: await model.getWeights() };
    } finally {
      model.dispose();
    }
  },
);

/** A function that copies samples to shared memory, the same ones only once. */
function sharing(): (samples: Samples) => Samples {
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
