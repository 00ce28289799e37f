import * as tf from '@tensorflow/tfjs';
import { useEngine } from '../engine/engine';
import type { Samples } from '../types';
import { Batches, checkSamples, slices } from './batches';
import type { Model } from './model';

const BATCH = 500;

/** The model's logits, [count × classes] in row-major order; the labels of `samples` are ignored. */
export async function predictLogits(model: Model, samples: Samples): Promise<Float32Array> {
  return answersOf(model, samples, Float32Array, logits => logits);
}

/** The class of the largest logit for each sample. */
export async function predictLabels(model: Model, samples: Samples): Promise<Int32Array> {
  return answersOf(model, samples, Int32Array, logits => tf.argMax(logits, 1));
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
  Result: new (length: number) => T,
  answer: (logits: tf.Tensor2D) => tf.Tensor,
): Promise<T> {
  checkSamples('predict', 'samples', { ...samples, y: new Uint8Array(samples.count) }, model);
  await useEngine();
  const batches = new Batches(samples);
  const rows = Int32Array.from({ length: samples.count }, (_, row) => row);
  // read back only when everything is queued, so that a graphics card never waits for us
  const answers = [...slices(rows, BATCH)].map(part =>
    tf.tidy(() => {
      const input = tf.tensor(batches.take(part).x, [part.length, ...model.shape]);
      return answer(model.forward(input, { training: false }));
    }),
  );
  try {
    const parts = await Promise.all(answers.map(tensor => tensor.data()));
    const result = new Result(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      result.set(part, offset);
      offset += part.length;
    }
    return result;
  } finally {
    tf.dispose(answers);
  }
}
