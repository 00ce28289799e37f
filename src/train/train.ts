import { setImmediate as otherEvents } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { Random } from '../random';
import type { Progress, Samples } from '../types';
import { Batches, checkSamples, slices } from './batches';
import { useEngine } from './engine';
import type { Model } from './model';
import { softmaxCrossEntropy } from './ops';
import { accuracy } from './predict';
import { sgdUpdate } from './sgd';

export interface TrainOptions {
  /** How often each sample is seen. */
  readonly epochs: number;
  /** Default 64. */
  readonly batchSize?: number;
  readonly learningRate: number;
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
  /** Called at most every 100 ms. */
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

/** Batches in flight between two readings of the loss: enough to keep a GPU busy, few enough for its memory. */
const IN_FLIGHT = 16;
const PROGRESS_MS = 100;

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
  const { seed } = setting;
  const random = {
    order: new Random(seed, 'order'),
    flip: new Random(seed, 'flip'),
    dropout: new Random(seed, 'dropout'),
  };
  const velocities = model.trainable.map(variable =>
    tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)),
  );
  const run: Run = { model, samples, setting, random, velocities, batches: new Batches(samples) };
  const epochs: Epoch[] = [];
  try {
    while (epochs.length < setting.epochs) {
      const finished = model.weights.map(variable => variable.clone());
      let result: Result | undefined;
      try {
        result = await runEpoch(run, epochs.length);
      } finally {
        if (result === undefined)
          model.weights.forEach((variable, i) => {
            variable.assign(finished[i]);
          });
        tf.dispose(finished);
      }
      if (result === undefined) return { epochs, interrupted: true };
      const validation: Record<string, number> = {};
      for (const [name, set] of Object.entries(setting.validation))
        validation[name] = await accuracy(model, set);
      epochs.push({ epoch: epochs.length, ...result, validation });
    }
    return { epochs, interrupted: false };
  } finally {
    tf.dispose(velocities);
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

interface Setting extends Required<Omit<TrainOptions, 'validation' | 'onProgress' | 'signal'>> {
  readonly validation: Readonly<Record<string, Samples>>;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

interface Run {
  readonly model: Model;
  readonly samples: Samples;
  readonly setting: Setting;
  readonly random: { readonly order: Random; readonly flip: Random; readonly dropout: Random };
  readonly velocities: readonly tf.Variable[];
  readonly batches: Batches;
}

type Result = Pick<Epoch, 'learningRate' | 'loss' | 'accuracy'>;

/** One pass over the samples; undefined if it was stopped on the way. */
async function runEpoch(run: Run, epoch: number): Promise<Result | undefined> {
  const { samples, setting, random, batches } = run;
  const { batchSize, epochs, onProgress, signal } = setting;
  const drops = setting.schedule.filter(start => start <= epoch).length;
  const learningRate = setting.learningRate * setting.gamma ** drops;
  const flip = setting.flip ? () => random.flip.integer(2) === 1 : undefined;

  let [lossSum, correct, read, taken] = [0, 0, 0, 0];
  let queued: Scores[] = [];
  let reading: Promise<void> = Promise.resolve();
  // Losses are read back some batches late and in groups: a graphics card computes on while we prepare more.
  const readBack = async (group: Scores[]) => {
    const scores = tf.tidy(() => tf.stack(group.flatMap(({ loss, right }) => [loss, right])));
    tf.dispose(group.map(({ loss, right }) => [loss, right]));
    const values = await scores.data();
    scores.dispose();
    group.forEach(({ rows }, i) => {
      const loss = values[2 * i];
      if (!Number.isFinite(loss)) {
        const where = `epoch ${epoch}, batch ${Math.floor(read / batchSize)}`;
        throw new Error(
          `train: loss is ${loss} in ${where}, learning rate ${learningRate}; try a smaller rate`,
        );
      }
      lossSum += loss * rows;
      correct += values[2 * i + 1];
      read += rows;
    });
  };
  let told = performance.now();
  try {
    for (const rows of slices(random.order.permutation(samples.count), batchSize)) {
      queued.push(step(run, batches.take(rows, flip), learningRate));
      taken += rows.length;
      const now = performance.now();
      const pause = now - told >= PROGRESS_MS;
      if (queued.length < IN_FLIGHT && !pause) continue;
      await reading;
      reading = readBack(queued);
      queued = [];
      if (!pause) continue;
      told = now;
      await otherEvents();
      if (signal?.aborted) return undefined;
      const note = `epoch ${epoch + 1}/${epochs}${read > 0 ? ` loss ${(lossSum / read).toFixed(3)}` : ''}`;
      const [done, total] = [epoch * samples.count + taken, epochs * samples.count];
      onProgress?.({ done, total, unit: 'samples', note });
    }
    await reading;
    if (queued.length > 0) await readBack(queued);
    queued = [];
  } finally {
    tf.dispose(queued.map(({ loss, right }) => [loss, right]));
    await reading.catch(() => {});
  }
  await otherEvents();
  if (signal?.aborted) return undefined;
  return { learningRate, loss: lossSum / samples.count, accuracy: correct / samples.count };
}

/** A batch's mean loss and number of right answers, still on the engine. */
interface Scores {
  readonly loss: tf.Scalar;
  readonly right: tf.Scalar;
  readonly rows: number;
}

/** Forward, backward and update for one batch. */
function step(run: Run, { x, labels }: { x: tf.Tensor; labels: tf.Tensor1D }, learningRate: number): Scores {
  const { model, velocities, setting, random } = run;
  const scores = tf.tidy(() => {
    let right: tf.Scalar | undefined;
    const { value: loss, grads } = tf.variableGrads(() => {
      const logits = model.forward(x, { training: true, random: random.dropout });
      right = tf.keep(tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')) as tf.Scalar);
      return tf.mean(softmaxCrossEntropy(logits, labels)) as tf.Scalar;
    }, model.trainable as tf.Variable[]);
    model.trainable.forEach((variable, i) => {
      sgdUpdate(variable, velocities[i], grads[variable.name], { ...setting, learningRate });
    });
    return { loss, right: right as tf.Scalar };
  });
  tf.dispose([x, labels]);
  return { ...scores, rows: labels.size };
}

function check(model: Model, samples: Samples, options: TrainOptions): Setting {
  checkSamples('train', 'samples', samples, model);
  const { validation = {}, ...rest } = options;
  const setting: Setting = {
    batchSize: 64,
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
  if (setting.flip && model.shape.length !== 3) {
    throw new Error(`train: flip is true, expected false for samples of shape [${model.shape}]`);
  }
  return setting;
}

function isSamples(validation: Samples | Readonly<Record<string, Samples>>): validation is Samples {
  return validation.x instanceof Uint8Array;
}
