import * as tf from '@tensorflow/tfjs';
import { softmaxCrossEntropy } from '../engine/ops';
import { type SgdSetting, sgdUpdate } from '../engine/sgd';
import type { Random } from '../random';
import { type Batch, type Batches, slices } from './batches';
import type { Model } from './model';

/** Results of one epoch. */
export interface Epoch {
  /** Counted from 0. */
  readonly epoch: number;
  readonly learningRate: number;
  /** Mean cross-entropy over the epoch's batches in nats, computed while the weights change. */
  readonly loss: number;
  /** Share of right answers over the same batches, with dropout, if the model has it. */
  readonly accuracy: number;
  /** Accuracy on each validation set after the epoch. */
  readonly validation: Readonly<Record<string, number>>;
}

export interface History {
  readonly epochs: readonly Epoch[];
  /** True if `signal` stopped it before the last epoch. */
  readonly interrupted: boolean;
}

/** A training in progress. */
export interface Training {
  readonly model: Model;
  readonly batches: Batches;
  readonly batchSize: number;
  readonly flip: boolean;
  readonly random: Readonly<Record<'order' | 'flip' | 'dropout', Random>>;
  readonly velocities: readonly tf.Variable[];
  readonly signal?: AbortSignal;
  /** Called at most every 100 ms: how many samples of the epoch are done, and their mean loss so far. */
  readonly onProgress: (samples: number, loss: number) => void;
  /** When it was last called, in ms. */
  told: number;
}

const PROGRESS_MS = 100;
/** Batches in flight between two readings: enough to keep a graphics card busy, few enough for its memory. */
const IN_FLIGHT = 16;

/** Lets other events be handled; not `tf.nextFrame`, which a browser stops while the page is hidden. */
function otherEvents(): Promise<void> {
  return new Promise(typeof setImmediate === 'function' ? setImmediate : resolve => setTimeout(resolve));
}

type Result = Pick<Epoch, 'loss' | 'accuracy'>;

/** One pass over the samples; undefined if it was stopped. Stopped or failed, it leaves the model as it was. */
export async function runEpoch(training: Training, sgd: SgdSetting): Promise<Result | undefined> {
  const { weights } = training.model;
  const before = weights.map(variable => variable.clone()); // shares the memory: updates make fresh tensors
  let result: Result | undefined;
  try {
    result = await runBatches(training, sgd);
    return result;
  } finally {
    if (result === undefined) weights.forEach((variable, i) => void variable.assign(before[i]));
    tf.dispose(before);
  }
}

async function runBatches(training: Training, sgd: SgdSetting): Promise<Result | undefined> {
  const { batches, batchSize, random, signal } = training;
  const order = random.order.permutation(batches.count);
  const flip = training.flip ? () => random.flip.integer(2) === 1 : undefined;
  const tally = new Tally(batchSize);
  let taken = 0;
  try {
    for (const rows of slices(order, batchSize)) {
      const batch = batches.take(rows, flip);
      tally.add(step(training, batch, sgd), batch.labels);
      taken += rows.length;
      const now = performance.now();
      const pause = now - training.told >= PROGRESS_MS;
      if (pause || tally.waiting >= IN_FLIGHT) await tally.read();
      if (!pause) continue;
      training.told = now;
      await otherEvents();
      if (signal?.aborted) return undefined;
      training.onProgress(taken, tally.loss / tally.count);
    }
    await tally.finish();
  } finally {
    tally.dispose();
  }
  await otherEvents();
  return signal?.aborted ? undefined : { loss: tally.loss / taken, accuracy: tally.right / taken };
}

/** Forward, backward and update for one batch; mean loss and logits stay on the engine. */
function step(training: Training, { x, labels }: Batch, sgd: SgdSetting): Answers {
  const { model, velocities, random } = training;
  return tf.tidy(() => {
    const input = tf.tensor(x, [labels.length, ...model.shape]);
    const expected = tf.tensor1d(labels, 'int32');
    let logits: tf.Tensor2D | undefined;
    const { value: loss, grads } = tf.variableGrads(() => {
      logits = tf.keep(model.forward(input, { training: true, random: random.dropout }));
      return softmaxCrossEntropy(logits, expected);
    }, model.trainable as tf.Variable[]);
    model.trainable.forEach((variable, i) => {
      sgdUpdate(variable, velocities[i], grads[variable.name], sgd);
    });
    return { loss, logits: logits as tf.Tensor2D };
  });
}

type Answers = { readonly loss: tf.Scalar; readonly logits: tf.Tensor2D };

/** Sums losses and right answers, read back some batches late and in groups, so that no batch waits for it. */
class Tally {
  /** Sums over the `count` samples that were read so far. */
  loss = 0;
  right = 0;
  count = 0;
  private queue: (Answers & { readonly labels: Int32Array })[] = [];
  private reading: Promise<void> = Promise.resolve();

  constructor(private readonly batchSize: number) {}

  get waiting(): number {
    return this.queue.length;
  }

  add(answers: Answers, labels: Int32Array): void {
    this.queue.push({ ...answers, labels });
  }

  /** Starts to read what waits, when the reading before it is done. */
  async read(): Promise<void> {
    await this.reading;
    if (this.queue.length === 0) return;
    this.reading = this.sum();
    this.reading.catch(() => {}); // handled by whoever awaits it next
  }

  async finish(): Promise<void> {
    await this.read();
    await this.reading;
  }

  dispose(): void {
    for (const { loss, logits } of this.queue.splice(0)) tf.dispose([loss, logits]);
  }

  private async sum(): Promise<void> {
    const group = this.queue.map(({ labels }) => labels);
    const read = tf.tidy(() => [
      tf.stack(this.queue.map(({ loss }) => loss)),
      tf.concat(this.queue.map(({ logits }) => logits)),
    ]);
    this.dispose();
    const classes = read[1].shape[1] as number;
    const [losses, logits] = await Promise.all(read.map(tensor => tensor.data()));
    tf.dispose(read);
    let row = 0;
    for (const [i, labels] of group.entries()) {
      if (!Number.isFinite(losses[i])) {
        throw new Error(`loss is ${losses[i]} in batch ${Math.floor(this.count / this.batchSize)}`);
      }
      this.loss += losses[i] * labels.length;
      this.count += labels.length;
      for (const label of labels) {
        const answer = logits.subarray(row * classes, ++row * classes);
        if (answer.indexOf(Math.max(...answer)) === label) this.right++;
      }
    }
  }
}
