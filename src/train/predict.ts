import * as tf from '@tensorflow/tfjs';
import { useEngine } from '../engine/engine';
import type { Samples } from '../types';
import { Batches, checkSamples, slices } from './batches';
import type { Model } from './model';

const BATCH = 500;

/** The model's logits, [count × classes] in row-major order; the labels of `samples` are ignored. */
export function predictLogits(model: Model, samples: Samples): Promise<Float32Array> {
  return answersOf(model, samples, logits => logits);
}

/** The class of the largest logit for each sample. */
export function predictLabels(model: Model, samples: Samples): Promise<Int32Array> {
  return answersOf(model, samples, logits => tf.argMax(logits, 1));
}

/** The share of samples whose predicted label is their own, 0..1. */
export async function accuracy(model: Model, samples: Samples): Promise<number> {
  checkSamples('accuracy', 'samples', samples, model);
  const labels = await predictLabels(model, samples);
  return labels.filter((label, i) => label === samples.y[i]).length / samples.count;
}

async function answersOf<T extends Float32Array | Int32Array>(
  model: Model,
  samples: Samples,
  answer: (logits: tf.Tensor2D) => tf.Tensor,
): Promise<T> {
  checkSamples('predict', 'samples', { ...samples, y: new Uint8Array(samples.count) }, model);
  await useEngine();
  const batches = new Batches(samples);
  const answers = (rows: Int32Array) => {
    const input = tf.tensor(batches.take(rows).x, [rows.length, ...model.shape]);
    return answer(model.forward(input, { training: false }));
  };
  const rows = Int32Array.from({ length: samples.count }, (_, row) => row);
  // read back only when everything is queued, so that a graphics card never waits
  const all = tf.tidy(() => tf.concat([...slices(rows, BATCH)].map(part => tf.tidy(() => answers(part)))));
  try {
    return (await all.data()) as T;
  } finally {
    all.dispose();
  }
}
