import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildModel } from '../../../src/train/model';
import { keepModel, reuseModel } from '../../../src/train/node/kept-model';
import { temporaryFolder } from '../../fixtures';

const out = temporaryFolder();
process.env.MIB_OUT = out;

const make = async (seed: number) => buildModel('mlp', { shape: [4], classes: 2, width: 4, seed });
const forbidden = () => assert.fail('the kept model was not used');

test('a model is made once for the same settings, whatever their order, and anew for others', async () => {
  const first = await reuseModel('a', { seed: 1, epochs: 2 }, () => make(1));
  const again = await reuseModel('a', { epochs: 2, seed: 1 }, forbidden);
  assert.deepEqual(await again.getWeights(), await first.getWeights());
  // a key that ignored the settings would hand out the wrong model
  const other = await reuseModel('a', { seed: 1, epochs: 3 }, () => make(2));
  assert.notDeepEqual(await other.getWeights(), await first.getWeights());
});

test('a model that is kept replaces the one before', async () => {
  await reuseModel('b', {}, () => make(1));
  const next = await make(2);
  await keepModel('b', {}, next);
  assert.deepEqual(await (await reuseModel('b', {}, forbidden)).getWeights(), await next.getWeights());
});

test('a failed training leaves nothing behind', async () => {
  await assert.rejects(
    reuseModel('c', {}, () => Promise.reject(new Error('loss is NaN'))),
    /loss is NaN/,
  );
  assert.ok(!readdirSync(join(out, 'models'), { recursive: true }).some(path => String(path).includes('c-')));
  await assert.rejects(reuseModel('../c', {}, forbidden), /reuseModel: name is '..\/c'/);
});
