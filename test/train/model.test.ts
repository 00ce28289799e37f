import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { buildModel, type ModelName, wrapModel } from '../../src/train/model';

test('the same seed gives the same weights, another seed others', async () => {
  const weights = (seed: number) => buildModel('cnn', { shape: [8, 8, 1], classes: 4, seed }).getWeights();
  assert.deepEqual(await weights(1), await weights(1));
  assert.notDeepEqual(await weights(1), await weights(2));
});

test('a data set can be spread into the options', () => {
  const data = { name: 'other', classes: 3, train: { shape: [6] }, test: { shape: [6] } };
  const model = buildModel('mlp', { ...data, seed: 1 });
  assert.deepEqual([model.name, model.shape, model.classes], ['mlp', [6], 3]);
});

test('wrong arguments name themselves', () => {
  const good = { shape: [32, 32, 3], classes: 10, seed: 1 };
  const refuses = (name: string, changed: object, message: RegExp) =>
    assert.throws(() => buildModel(name as ModelName, { ...good, ...changed }), message);
  refuses('toString', {}, /buildModel: name is 'toString', expected one of 'mlp', 'cnn', 'resnet18'/);
  refuses('mlp', { classes: 1 }, /buildModel: classes is 1, expected an integer of at least 2/);
  refuses('mlp', { shape: [0] }, /buildModel: shape is \[0\], expected positive integers/);
  refuses('mlp', { width: 3 }, /buildModel: width is 3, expected an even integer/);
  refuses(
    'cnn',
    { shape: [446] },
    /buildModel: shape is \[446\], expected \[height, width, channels\] of at least/,
  );
  refuses('vgg16', { shape: [28, 28, 1] }, /of at least 32×32 pixels for vgg16/);
  refuses('mlp', { seed: -1 }, /Random: seed is -1/);
  const [first, second] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
  const sum = tf.layers.add().apply([first, second]) as tf.SymbolicTensor;
  const two = tf.model({ inputs: [first, second], outputs: sum });
  assert.throws(() => wrapModel(two), /wrapModel: network maps .* expected one input to one output/);
  assert.throws(
    () => buildModel('mlp', { shape: [6], classes: 3, seed: 1 }).setWeights([]),
    /setWeights: lengths of the weights is \[\], expected 1536,256,/,
  );
});
