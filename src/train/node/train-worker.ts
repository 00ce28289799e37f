import type { Progress, Samples } from '../../types';
import type { History } from '../epoch';
import { type ModelDescription, modelFrom } from '../model';
import type { TrainOptions } from '../options';
import { train } from '../train';
import { type CheckpointRate, checkpointIn } from './checkpoint';
import { inThread } from './pool';

/** What `trainMany` sends to a thread. */
export interface TrainTask {
  readonly description: ModelDescription;
  readonly weights: readonly Float32Array[];
  readonly samples: Samples;
  readonly options: Omit<TrainOptions, 'checkpoint'>;
  readonly checkpoint?: { readonly folder: string; readonly rate: CheckpointRate };
}

export interface Trained {
  readonly history: History;
  readonly weights: readonly Float32Array[];
}

/** One training of `trainMany`. */
export default inThread<TrainTask, Trained, Progress>(async (task, watch) => {
  const { samples, options } = task;
  const model = await modelFrom(task.description);
  try {
    model.setWeights(task.weights);
    const checkpoint = task.checkpoint && checkpointIn(task.checkpoint.folder, task.checkpoint.rate);
    const history = await train(model, samples, { ...options, checkpoint, ...watch });
    return { history, weights: await model.getWeights() };
  } finally {
    model.dispose();
  }
});
