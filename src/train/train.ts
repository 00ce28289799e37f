import * as tf from '@tensorflow/tfjs';
import { useEngine } from '../engine/engine';
import { canonicalJson, sha256 } from '../files';
import { Random } from '../random';
import type { Progress, Samples } from '../types';
import { Batches, checkSamples } from './batches';
import { type Run, runEpoch } from './epoch';
import { getVariables, type Model, setVariables } from './model';
import { readCheckpoint, writeCheckpoint } from './node/checkpoint';
import { accuracy } from './predict';

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
  /** Samples, or several named sets of them, whose accuracy is recorded after every epoch. */
  readonly validation?: Samples | Readonly<Record<string, Samples>>;
  /**
   * Keeps the state in `folder` every `every` epochs (default 1) and after the last; a training that finds the
   * state of its own earlier run there goes on from it, and ends as if it had never stopped.
   */
  readonly checkpoint?: { readonly folder: string; readonly every?: number };
  /** Called at most every 100 ms, and at the end. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops training within a batch; the model keeps the weights of the last finished epoch. */
  readonly signal?: AbortSignal;
}

/** What one epoch came to. */
export interface Epoch {
  /** Counted from 0. */
  readonly epoch: number;
  readonly learningRate: number;
  /** Mean cross-entropy over the epoch's batches in nats, while the weights were moving. */
  readonly loss: number;
  /** Share of right answers over the same batches, with dropout where the model has it. */
  readonly accuracy: number;
  /** Accuracy on each validation set after the epoch; one that was given without a name is called `validation`. */
  readonly validation: Readonly<Record<string, number>>;
}

export interface History {
  readonly epochs: readonly Epoch[];
  /** True if `signal` stopped it before the last epoch. */
  readonly interrupted: boolean;
}

/**
 * Trains `model` in place by stochastic gradient descent on cross-entropy, in a random order of its own seed.
 *
 * The same seed gives the same weights to the last bit on the same engine.
 *
 * @returns loss and accuracies by epoch
 * @throws if samples or options do not suit, or if the loss stops being finite; the model then keeps the
 *   weights of the last finished epoch
 */
export async function train(model: Model, samples: Samples, options: TrainOptions): Promise<History> {
  const setting = check(model, samples, options);
  await useEngine();
  const { checkpoint, seed } = setting;
  const fingerprint = checkpoint ? await fingerprintOf(model, samples, setting) : '';
  const saved = checkpoint && readCheckpoint(checkpoint.folder, fingerprint, setting.epochs);
  const stream = (name: string) => (saved ? Random.from(saved.random[name]) : new Random(seed, name));
  let epoch = 0;
  const tell = (done: number, loss: number) => {
    const total = setting.epochs * samples.count;
    const note = `epoch ${Math.min(epoch + 1, setting.epochs)}/${setting.epochs}`;
    // no loss is known before the first batches are read back
    const known = Number.isNaN(loss) ? note : `${note} loss ${loss.toFixed(3)}`;
    setting.onProgress?.({ done, total, unit: 'samples', note: known });
  };
  const run: Run = {
    ...setting,
    model,
    batches: new Batches(samples),
    random: { order: stream('order'), flip: stream('flip'), dropout: stream('dropout') },
    velocities: model.trainable.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape), false))),
    onProgress: (done, loss) => tell(epoch * samples.count + done, loss),
    told: performance.now(),
  };
  const state = [...model.weights, ...run.velocities];
  const epochs: Epoch[] = [];
  try {
    if (saved) {
      setVariables('train', state, saved.arrays);
      epochs.push(...saved.epochs);
    }
    for (epoch = epochs.length; epoch < setting.epochs; epoch++) {
      const drops = setting.schedule.filter(start => start <= epoch).length;
      const learningRate = setting.learningRate * setting.gamma ** drops;
      const result = await runEpoch(run, { ...setting, learningRate }).catch(error => {
        throw new Error(`train: ${error.message}, epoch ${epoch}, learning rate ${learningRate}`);
      });
      if (result === undefined) return { epochs, interrupted: true };
      const validation: Record<string, number> = {};
      for (const [name, set] of Object.entries(setting.validation))
        validation[name] = await accuracy(model, set);
      epochs.push({ epoch, learningRate, ...result, validation });
      const { folder, every = 1 } = checkpoint ?? {};
      if (folder !== undefined && (epochs.length % every === 0 || epochs.length === setting.epochs)) {
        const random = Object.fromEntries(Object.entries(run.random).map(([name, r]) => [name, r.state()]));
        writeCheckpoint(folder, { fingerprint, epochs, random, arrays: await getVariables(state) });
      }
    }
    tell(setting.epochs * samples.count, epochs[epochs.length - 1].loss);
    return { epochs, interrupted: false };
  } finally {
    tf.dispose(run.velocities as tf.Variable[]);
  }
}

/** Runs `work` with a signal that Ctrl-C aborts; a second Ctrl-C ends the process as usual. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener('SIGINT', stop);
  }
}

/** What decides the outcome, with defaults filled in; and how it is watched. */
type Setting = Required<Omit<TrainOptions, keyof Watching>> &
  Omit<Watching, 'validation'> & { readonly validation: Readonly<Record<string, Samples>> };
type Watching = Pick<TrainOptions, 'validation' | 'checkpoint' | 'onProgress' | 'signal'>;

/** Everything that a training's outcome depends on, its length excepted, so that a finished one can be prolonged. */
async function fingerprintOf(model: Model, samples: Samples, setting: Setting): Promise<string> {
  const { epochs, validation, checkpoint, onProgress, signal, ...decisive } = setting;
  const { x, y, count, shape } = samples;
  const start = (await model.getWeights()).map(({ buffer }) => new Uint8Array(buffer));
  const { description } = model;
  return sha256(
    canonicalJson({ decisive, description, count, shape }),
    x,
    Int32Array.from(y).join(),
    ...start,
  );
}

function check(model: Model, samples: Samples, options: TrainOptions): Setting {
  checkSamples('train', 'samples', samples, model);
  const { validation = {}, ...rest } = options;
  const setting: Setting = {
    batchSize: 64,
    learningRate: 0.05,
    schedule: [],
    gamma: 0.1,
    momentum: 0.9,
    weightDecay: 5e-4,
    flip: false,
    ...rest,
    validation: isSamples(validation) ? { validation } : validation,
  };
  for (const [name, set] of Object.entries(setting.validation)) {
    checkSamples('train', `validation samples '${name}'`, set, model);
  }
  const expect = (name: keyof TrainOptions, valid: (value: number) => boolean, expected: string) => {
    const value = setting[name] as number;
    if (!valid(value)) throw new Error(`train: ${name} is ${value}, expected ${expected}`);
  };
  const positive = (value: number) => Number.isInteger(value) && value > 0;
  expect('epochs', positive, 'a positive integer');
  expect('batchSize', positive, 'a positive integer');
  expect('learningRate', value => value > 0 && value < Infinity, 'a positive number');
  expect('gamma', value => value > 0 && value < Infinity, 'a positive number');
  expect('momentum', value => value >= 0 && value < 1, 'a number in [0, 1)');
  expect('weightDecay', value => value >= 0 && value < Infinity, 'a number of at least 0');
  const { every = 1 } = setting.checkpoint ?? {};
  if (!positive(every)) throw new Error(`train: checkpoint.every is ${every}, expected a positive integer`);
  if (setting.flip && model.shape.length !== 3) {
    throw new Error(`train: flip is true, expected false for samples of shape [${model.shape}]`);
  }
  return setting;
}

export function isSamples(validation: Samples | Readonly<Record<string, Samples>>): validation is Samples {
  return validation.x instanceof Uint8Array;
}
