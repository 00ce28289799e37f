import * as tf from '@tensorflow/tfjs';
import { useEngine } from '../engine/engine';
import { Random } from '../random';
import type { Samples } from '../types';
import { Batches } from './batches';
import { type Epoch, type History, runEpoch, type Training } from './epoch';
import { getVariables, type Model, setVariables } from './model';
import { settingOf, type TrainOptions } from './options';
import { accuracy } from './predict';

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
  const setting = settingOf(model, samples, options);
  const { epochs: total, validation = {}, checkpoint, onProgress, signal, ...decisive } = setting;
  await useEngine();
  const saved = await checkpoint?.load({ model, samples, epochs: total, options: decisive });
  const stream = (name: string) => (saved ? Random.from(saved.random[name]) : new Random(setting.seed, name));
  const epochs: Epoch[] = [...(saved?.epochs ?? [])];
  const progress = (done: number, loss: number) => {
    const epoch = `epoch ${Math.min(epochs.length + 1, total)}/${total}`;
    // no loss is known before the first batches are read back
    const note = Number.isNaN(loss) ? epoch : `${epoch} loss ${loss.toFixed(3)}`;
    onProgress?.({ done, total: total * samples.count, unit: 'samples', note });
  };
  const training: Training = {
    ...setting,
    model,
    batches: new Batches(samples),
    random: { order: stream('order'), flip: stream('flip'), dropout: stream('dropout') },
    velocities: model.trainable.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape), false))),
    onProgress: (done, loss) => progress(epochs.length * samples.count + done, loss),
    told: performance.now(),
  };
  const variables = [...model.weights, ...training.velocities];
  const state = async () => {
    const random = Object.entries(training.random).map(([name, generator]) => [name, generator.state()]);
    return { epochs, random: Object.fromEntries(random), arrays: await getVariables(variables) };
  };
  try {
    if (saved) setVariables('train', variables, saved.arrays);
    while (epochs.length < total) {
      const epoch = epochs.length;
      const drops = setting.schedule.filter(start => start <= epoch).length;
      const learningRate = setting.learningRate * setting.gamma ** drops;
      const result = await runEpoch(training, { ...setting, learningRate }).catch(error => {
        throw new Error(`train: ${error.message}, epoch ${epoch}, learning rate ${learningRate}`);
      });
      if (result === undefined) return { epochs, interrupted: true };
      const accuracies: Record<string, number> = {};
      for (const [name, set] of Object.entries(validation)) accuracies[name] = await accuracy(model, set);
      epochs.push({ epoch, learningRate, ...result, validation: accuracies });
      await checkpoint?.save(state, { done: epochs.length, total });
    }
    progress(total * samples.count, epochs[total - 1].loss);
    return { epochs, interrupted: false };
  } finally {
    tf.dispose(training.velocities as tf.Variable[]);
  }
}
