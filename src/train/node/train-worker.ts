import type { MessagePort } from 'node:worker_threads';
import { type EngineName, useEngine } from '../../engine/node';
import type { Samples } from '../../types';
import { type ModelDescription, modelFrom } from '../model';
import { type History, type TrainOptions, train } from '../train';

/** What `trainMany` sends to a thread. */
export interface Task {
  readonly engine: EngineName;
  readonly description: ModelDescription;
  readonly weights: readonly Float32Array[];
  readonly samples: Samples;
  readonly options: TrainOptions;
  /** Progress goes out, any message that comes in stops the training. */
  readonly port: MessagePort;
}

export interface Trained {
  readonly history: History;
  readonly weights: readonly Float32Array[];
}

/** One training of `trainMany`, in a worker thread. */
export default async function trainTask(task: Task): Promise<Trained> {
  const { engine, description, samples, options, port } = task;
  const stop = new AbortController();
  port.on('message', () => stop.abort());
  try {
    await useEngine(engine);
    const model = await modelFrom(description);
    try {
      model.setWeights(task.weights);
      const onProgress = (progress: object) => port.postMessage(progress);
      const history = await train(model, samples, { ...options, onProgress, signal: stop.signal });
      return { history, weights: await model.getWeights() };
    } finally {
      model.dispose();
    }
  } finally {
    port.close();
  }
}
