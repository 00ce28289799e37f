import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useEngine } from '../../../src/engine/node';
import { buildModel } from '../../../src/train/model';
import { trainMany } from '../../../src/train/node/train-many';
import { train } from '../../../src/train/train';
import type { Progress } from '../../../src/types';
import { learnable } from '../../fixtures';

const ready = useEngine('wasm');
const samples = learnable(300, 1);
const fresh = () => buildModel('mlp', { shape: [24], classes: 4, seed: 1, width: 32 });

test('trainings side by side end as they would alone, and a failing one stops no other', async () => {
  await ready;
  const seeds = [5, 6, 7];
  const options = { epochs: 2, learningRate: 0.05, validation: { seen: samples } };
  const alone = await Promise.all(
    seeds.map(async seed => {
      const model = fresh();
      const history = await train(model, samples, { ...options, seed });
      return { history, weights: await model.getWeights() };
    }),
  );
  const jobs = seeds.map(seed => ({ ...options, model: fresh(), samples, seed }));
  const diverging = { ...jobs[0], model: fresh(), learningRate: 1e30 };
  const [failed, ...finished] = await trainMany([diverging, ...jobs], { workers: 2 });
  assert.match(
    String((failed as PromiseRejectedResult).reason),
    /train: loss is (NaN|Infinity) in batch \d+, epoch 0/,
  );
  assert.deepEqual(await diverging.model.getWeights(), await fresh().getWeights());
  for (const [i, { history, weights }] of alone.entries()) {
    assert.deepEqual(finished[i], { status: 'fulfilled', value: history });
    assert.deepEqual(await jobs[i].model.getWeights(), weights);
  }
});

test('each job reports its progress and can be stopped by itself', async () => {
  await ready;
  const stop = new AbortController();
  const seen: Progress[] = [];
  const endless = {
    model: fresh(),
    samples,
    epochs: 1e6,
    seed: 1,
    signal: stop.signal,
    onProgress: (progress: Progress) => {
      seen.push(progress);
      if (progress.done > 3 * samples.count) stop.abort();
    },
  };
  const short = { model: fresh(), samples, epochs: 2, seed: 2 };
  const [stopped, finished] = await trainMany([endless, short], { workers: 2 });
  assert.equal(seen[0].total, 1e6 * samples.count);
  assert.ok(stopped.status === 'fulfilled' && finished.status === 'fulfilled');
  assert.equal(stopped.value.interrupted, true);
  assert.ok(stopped.value.epochs.length >= 3);
  assert.equal(finished.value.interrupted, false);
});

test('wrong arguments name themselves', async () => {
  await assert.rejects(
    trainMany([], { workers: 0 }),
    /trainMany: workers is 0, expected an integer of at least 1/,
  );
  assert.deepEqual(await trainMany([]), []);
});
