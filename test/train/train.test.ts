import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { useEngine } from '../../src/engine/node';
import { buildModel, wrapModel } from '../../src/train/model';
import type { TrainOptions } from '../../src/train/options';
import { accuracy, predictLabels, predictLogits } from '../../src/train/predict';
import { train } from '../../src/train/train';
import type { Progress, Samples } from '../../src/types';
import { learnable } from '../fixtures';

const ready = useEngine('wasm');

const mlp = (seed = 1) => buildModel('mlp', { shape: [24], classes: 4, seed, width: 32 });
const quick: TrainOptions = { epochs: 3, batchSize: 16, learningRate: 0.05, seed: 5 };

test('training learns, and records what it learned', async () => {
  const model = mlp();
  const history = await train(model, learnable(200, 1), {
    ...quick,
    epochs: 8,
    validation: { fresh: learnable(100, 2), seen: learnable(200, 1) },
  });
  assert.equal(history.interrupted, false);
  assert.deepEqual(
    history.epochs.map(({ epoch }) => epoch),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  const last = history.epochs[7];
  assert.ok(last.loss < history.epochs[0].loss / 2);
  assert.ok(last.validation.fresh > 0.85, `accuracy ${last.validation.fresh}`);
  assert.equal(last.validation.fresh, await accuracy(model, learnable(100, 2)));
});

test('the same seed gives the same weights to the last bit, another seed others', async () => {
  const weights = async (seed: number) => {
    const model = mlp();
    await train(model, learnable(100, 1), { ...quick, seed });
    return model.getWeights();
  };
  await ready;
  assert.deepEqual(await weights(5), await weights(5));
  assert.notDeepEqual(await weights(5), await weights(6)); // a seed that nobody reads
});

for (const name of ['mlp', 'cnn', 'resnet18'] as const) {
  test(`training and prediction of ${name} keep no tensors`, async () => {
    await ready;
    const images = (count: number, seed: number) =>
      learnable(count, seed, { shape: [8, 8, 1], largest: 255 });
    const model = buildModel(name, { shape: [8, 8, 1], classes: 4, seed: 1, width: 4 });
    const after = async (epochs: number) => {
      await train(model, images(40, 1), { ...quick, epochs, validation: { fresh: images(20, 2) } });
      await predictLogits(model, images(20, 2));
      return tf.memory().numTensors;
    };
    assert.equal(await after(2), await after(5));
  });
}

test('a loss that is no longer finite stops training at the last finished epoch', async () => {
  await ready;
  const model = buildModel('mlp', { shape: [24], classes: 4, seed: 1, width: 32 });
  const diverging = { ...quick, learningRate: 1e30, momentum: 0 };
  const before = await model.getWeights();
  const tensors = tf.memory().numTensors;
  await assert.rejects(
    train(model, learnable(100, 1), diverging),
    /train: loss is (NaN|Infinity) in batch \d+, epoch 0, learning rate 1e\+30/,
  );
  assert.deepEqual(await model.getWeights(), before);
  assert.equal(tf.memory().numTensors, tensors);
});

test('an abort leaves the weights of the last finished epoch', async () => {
  const stop = new AbortController();
  const samples = learnable(2000, 1);
  const interrupted = mlp();
  const history = await train(interrupted, samples, {
    ...quick,
    epochs: 1000,
    signal: stop.signal,
    onProgress: ({ done }) => done > 2 * samples.count && stop.abort(),
  });
  assert.equal(history.interrupted, true);
  const epochs = history.epochs.length;
  assert.ok(epochs >= 1 && epochs < 1000);
  const whole = mlp();
  await train(whole, samples, { ...quick, epochs });
  assert.deepEqual(await interrupted.getWeights(), await whole.getWeights());
});

test('progress counts samples up to the total', async () => {
  const seen: Progress[] = [];
  await train(mlp(), learnable(100, 1), { ...quick, onProgress: progress => seen.push(progress) });
  assert.deepEqual(
    seen.map(({ done }) => done),
    seen.map(({ done }) => done).sort((a, b) => a - b),
  );
  const { note, ...last } = seen[seen.length - 1];
  assert.deepEqual(last, { done: 300, total: 300, unit: 'samples' });
  assert.match(note ?? '', /^epoch 3\/3 loss \d\.\d{3}$/);
});

test('the learning rate falls before the scheduled epochs', async () => {
  const { epochs } = await train(mlp(), learnable(20, 1), {
    ...quick,
    epochs: 4,
    schedule: [1, 3],
    gamma: 0.5,
  });
  assert.deepEqual(
    epochs.map(({ learningRate }) => learningRate),
    [0.05, 0.025, 0.025, 0.0125],
  );
});

test('a network of the layers API trains as well', async () => {
  await ready;
  const network = tf.sequential({
    layers: [
      tf.layers.dense({ units: 16, activation: 'relu', inputShape: [24] }),
      tf.layers.dense({ units: 4 }),
    ],
  });
  const model = wrapModel(network);
  await train(model, learnable(200, 1), { ...quick, epochs: 8 });
  assert.ok((await accuracy(model, learnable(100, 2))) > 0.85);
});

test('labels are the largest logits', async () => {
  const [model, samples] = [mlp(), learnable(700, 3)]; // more than one batch
  const logits = await predictLogits(model, samples);
  const labels = await predictLabels(model, samples);
  assert.equal(logits.length, 2800);
  labels.forEach((label, i) => {
    assert.equal(logits[4 * i + label], Math.max(...logits.subarray(4 * i, 4 * i + 4)));
  });
});

test('wrong arguments name themselves', async () => {
  const samples = learnable(10, 1);
  const refuses = (changed: Partial<Samples>, options: Partial<TrainOptions>, message: RegExp) =>
    assert.rejects(train(mlp(), { ...samples, ...changed }, { ...quick, ...options }), message);
  const y = samples.y.slice();
  y[7] = 4;
  await refuses({ y }, {}, /train: label 7 of samples is 4, expected a label in 0..3/);
  await refuses(
    { shape: [12], count: 20 },
    {},
    /train: shape of samples is \[12\], expected \[24\] as of the model/,
  );
  await refuses({ count: 0 }, {}, /train: count of samples is 0, expected an integer of at least 1/);
  await refuses({ count: 9 }, {}, /train: samples hold 240 values and 10 labels, expected 216 and 9/);
  await refuses({}, { epochs: 0 }, /train: epochs is 0, expected an integer of at least 1/);
  await refuses(
    {},
    { learningRate: Number.NaN },
    /train: learningRate is NaN, expected a number in \(0, ∞\)/,
  );
  await refuses({}, { flip: true }, /train: flip is true, expected false for samples of shape \[24\]/);
  await refuses(
    {},
    { validation: { test: { ...samples, y } } },
    /train: label 7 of validation samples 'test' is 4/,
  );
  await assert.rejects(
    predictLabels(mlp(), { ...samples, shape: [1, 24] }),
    /predict: shape of samples is \[1,24\], expected \[24\]/,
  );
});
