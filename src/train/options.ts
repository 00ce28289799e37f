import { checksOf } from '../check';
import type { RandomState } from '../random';
import type { Progress, Samples } from '../types';
import { checkSamples } from './batches';
import type { Epoch } from './epoch';
import type { Model } from './model';

export interface TrainOptions {
  /** How often each sample is seen. */
  readonly epochs: number;
  /** Default 64. */
  readonly batchSize?: number;
  /** Default 0.05; the paper's is 0.1 with 150 epochs. */
  readonly learningRate?: number;
  /** Epochs, counted from 0, before which the learning rate is multiplied by `gamma`; default none. */
  readonly schedule?: readonly number[];
  /** Default 0.1. */
  readonly gamma?: number;
  /** Default 0.9. */
  readonly momentum?: number;
  /** Default 5e-4, the paper's; applied to every weight, as PyTorch does. */
  readonly weightDecay?: number;
  /** Seed of order, flips and dropout. */
  readonly seed: number;
  /** Mirrors each image left to right with probability ½, anew every epoch (a trigger on it is mirrored too). */
  readonly flip?: boolean;
  /** Sets of samples by name, whose accuracy is recorded after every epoch. */
  readonly validation?: Readonly<Record<string, Samples>>;
  /** Keeps the state between epochs, to continue after a stop: `checkpointIn(folder)`, or another store. */
  readonly checkpoint?: Checkpoint;
  /** Called at most every 100 ms, and at the end. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops training within a batch; the model keeps the weights of the last finished epoch. */
  readonly signal?: AbortSignal;
}

/** Where a training stands between two epochs: with it and the samples, training continues as if never stopped. */
interface TrainingState {
  readonly epochs: readonly Epoch[];
  readonly random: Readonly<Record<string, RandomState>>;
  /** The model's weights, then the optimizer's velocities. */
  readonly arrays: readonly Float32Array[];
}

/** All that decides the course of a training; a larger `epochs` prolongs it. */
export interface TrainingStart {
  readonly model: Model;
  readonly samples: Samples;
  readonly epochs: number;
  readonly options: Decisive;
}

/** Keeps the state of one training at a time. */
export interface Checkpoint {
  /** The state that an earlier run of the same training left, if any. Called first. */
  load(start: TrainingStart): Promise<TrainingState | undefined>;
  /** Called after each epoch; `state` copies all weights, so it is called only for a state to be kept. */
  save(state: () => Promise<TrainingState>, epoch: { done: number; total: number }): Promise<void>;
}

/** The options that decide the course of a training, defaults filled in. */
type Decisive = Required<
  Omit<TrainOptions, 'epochs' | 'validation' | 'checkpoint' | 'onProgress' | 'signal'>
>;

/** `options` with defaults filled in. @throws if they or `samples` do not suit */
export function settingOf(model: Model, samples: Samples, options: TrainOptions): TrainOptions & Decisive {
  checkSamples('train', 'samples', samples, model);
  const defaults = {
    batchSize: 64,
    learningRate: 0.05,
    schedule: [],
    gamma: 0.1,
    momentum: 0.9,
    weightDecay: 5e-4,
    flip: false,
  };
  const setting = { ...defaults, ...options };
  for (const [name, set] of Object.entries(setting.validation ?? {})) {
    checkSamples('train', `validation samples '${name}'`, set, model);
  }
  const check = checksOf('train');
  check.integer('epochs', setting.epochs, 1);
  check.integer('batchSize', setting.batchSize, 1);
  check.number('learningRate', setting.learningRate, '(0, ∞)');
  check.number('gamma', setting.gamma, '(0, ∞)');
  check.number('momentum', setting.momentum, '[0, 1)');
  check.number('weightDecay', setting.weightDecay, '[0, ∞)');
  if (setting.flip && model.shape.length !== 3) {
    check.fail('flip', true, `false for samples of shape [${model.shape}]`);
  }
  return setting;
}
