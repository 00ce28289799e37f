import { setImmediate as otherEvents } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { canonicalJson, sha256 } from '../json';
import { Random } from '../random';
import type { Progress, Samples } from '../types';
import { Batches, checkSamples, slices } from './batches';
import { readCheckpoint, writeCheckpoint } from './checkpoint';
import { useEngine } from './engine';
import { getVariables, type Model, setVariables } from './model';
import { softmaxCrossEntropy } from './ops';
import { accuracy } from './predict';
import { sgdUpdate } from './sgd';

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
  const { checkpoint, seed } = setting;
  const fingerprint = checkpoint ? await fingerprintOf(model, samples, setting) : '';
  const saved = checkpoint && readCheckpoint(checkpoint.folder, fingerprint);
  const stream = (name: string) => (saved ? Random.from(saved.random[name]) : new Random(seed, name));
  const run: Run = {
    model,
    setting,
    batches: new Batches(samples),
    random: { order: stream('order'), flip: stream('flip'), dropout: stream('dropout') },
    velocities: model.trainable.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape), false))),
    told: performance.now(),
  };
  const state = [...model.weights, ...run.velocities];
  const epochs: Epoch[] = [];
  try {
    if (saved) {
      setVariables('checkpoint', state, saved.arrays);
      epochs.push(...saved.epochs.slice(0, setting.epochs));
    }
    while (epochs.length < setting.epochs) {
      const result = await runOrRestore(run, epochs.length);
      if (result === undefined) return { epochs, interrupted: true };
      epochs.push({ epoch: epochs.length, ...result, validation: await validate(model, setting) });
      const { folder, every = 1 } = checkpoint ?? {};
      if (folder !== undefined && (epochs.length % every === 0 || epochs.length === setting.epochs)) {
        const random = Object.fromEntries(Object.entries(run.random).map(([name, r]) => [name, r.state()]));
        writeCheckpoint(folder, { fingerprint, epochs, random, arrays: await getVariables(state) });
      }
    }
    tell(run, setting.epochs - 1, samples.count, epochs[setting.epochs - 1].loss);
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

interface Run {
  readonly model: Model;
  readonly setting: Setting;
  readonly batches: Batches;
  readonly random: Readonly<Record<'order' | 'flip' | 'dropout', Random>>;
  readonly velocities: readonly tf.Variable[];
  /** When progress was last told, in ms. */
  told: number;
}

type Result = Pick<Epoch, 'learningRate' | 'loss' | 'accuracy'>;

/** One epoch; if it is stopped or fails, the model is as it was before. */
async function runOrRestore(run: Run, epoch: number): Promise<Result | undefined> {
  const { weights } = run.model;
  const before = weights.map(variable => variable.clone()); // shares the memory: updates make fresh tensors
  let result: Result | undefined;
  try {
    result = await runEpoch(run, epoch);
    return result;
  } finally {
    if (result === undefined) weights.forEach((variable, i) => void variable.assign(before[i]));
    tf.dispose(before);
  }
}

/** One pass over the samples; undefined if it was stopped on the way. */
async function runEpoch(run: Run, epoch: number): Promise<Result | undefined> {
  const { setting, random, batches } = run;
  const { count } = batches;
  const { batchSize, signal } = setting;
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
  try {
    for (const rows of slices(random.order.permutation(count), batchSize)) {
      queued.push(step(run, batches.take(rows, flip), learningRate));
      taken += rows.length;
      const now = performance.now();
      const pause = now - run.told >= PROGRESS_MS;
      if (queued.length < IN_FLIGHT && !pause) continue;
      await reading;
      reading = readBack(queued);
      reading.catch(() => {}); // it may fail before the next batches await it
      queued = [];
      if (!pause) continue;
      run.told = now;
      await otherEvents();
      if (signal?.aborted) return undefined;
      tell(run, epoch, taken, lossSum / read);
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
  tell(run, epoch, count, lossSum / count);
  return { learningRate, loss: lossSum / count, accuracy: correct / count };
}

function tell({ setting, batches }: Run, epoch: number, taken: number, loss: number): void {
  const { epochs, onProgress } = setting;
  const [done, total] = [epoch * batches.count + taken, epochs * batches.count];
  const note = `epoch ${epoch + 1}/${epochs}${Number.isNaN(loss) ? '' : ` loss ${loss.toFixed(3)}`}`;
  onProgress?.({ done, total, unit: 'samples', note });
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

async function validate(model: Model, { validation }: Setting): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const [name, samples] of Object.entries(validation)) result[name] = await accuracy(model, samples);
  return result;
}

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
