import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { useEngine } from '../../../src/engine/node';
import { buildModel, wrapModel } from '../../../src/train/model';
import { loadModel, saveModel } from '../../../src/train/node/model-file';
import { predictLogits } from '../../../src/train/predict';
import { train } from '../../../src/train/train';
import { learnable, temporaryFolder } from '../../fixtures';

const ready = useEngine('wasm');
const folder = temporaryFolder();

const images = learnable(20, 1, { shape: [8, 8, 1], largest: 255 });
const model = buildModel('resnet18', { shape: [8, 8, 1], classes: 4, seed: 1, width: 2 });

test('a saved model comes back exactly, running statistics included', async () => {
  await ready;
  await train(model, images, { epochs: 1, seed: 1 });
  await saveModel(model, folder);
  await saveModel(model, folder); // replaces
  const loaded = await loadModel(folder);
  assert.deepEqual(await loaded.getWeights(), await model.getWeights());
  assert.deepEqual(await predictLogits(loaded, images), await predictLogits(model, images));
  assert.deepEqual(loaded.description, model.description);
  assert.equal(readdirSync(folder).length, 2);
});

test('so does a network of the layers API', async () => {
  await ready;
  const layers = [tf.layers.flatten({ inputShape: [8, 8, 1] }), tf.layers.dense({ units: 4 })];
  const wrapped = wrapModel(tf.sequential({ layers }), 'linear');
  await saveModel(wrapped, join(folder, 'wrapped'));
  const loaded = await loadModel(join(folder, 'wrapped'));
  assert.deepEqual(await predictLogits(loaded, images), await predictLogits(wrapped, images));
});

test('damaged files are refused, each with its name', async () => {
  await ready;
  const damaged = join(folder, 'damaged');
  const refuses = async (damage: (json: string, binary: string) => void, message: RegExp) => {
    rmSync(damaged, { recursive: true, force: true });
    await saveModel(model, damaged);
    const binary = readdirSync(damaged).find(file => file.endsWith('.bin')) as string;
    damage(join(damaged, 'model.json'), join(damaged, binary));
    await assert.rejects(loadModel(damaged), message);
  };
  const edit = (path: string, from: RegExp | string, to: string) =>
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
  await refuses((_, bin) => truncateSync(bin, 100), /loadModel: .*bin has 100 bytes, expected \d+/);
  await refuses((json, _) => truncateSync(json, 100), /loadModel: the file is not valid JSON/);
  await refuses((json, _) => edit(json, '"classes":4', '"classes":5'), /loadModel: .* was altered/);
  await refuses(
    (json, _) => edit(json, '"mib-model"', '"other"'),
    /loadModel: format is other, expected mib-model/,
  );
  await refuses((json, _) => edit(json, /"checksum":"../, '"checksum":"..'), /loadModel: file.checksum/);
  await refuses((_, bin) => rmSync(bin), /ENOENT/);
  await refuses((_, bin) => {
    const bytes = readFileSync(bin);
    bytes[40] ^= 1; // one bit of one weight
    writeFileSync(bin, bytes);
  }, /loadModel: .* was altered/);
});
