import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createKey, deriveKeys } from '../../src/claim/key';
import { probeKeys } from '../../src/claim/probe-keys';
import { takeSamples } from '../../src/data/take';
import { stamp } from '../../src/mark/stamp';
import type { BlackBox, Samples } from '../../src/types';
import { temporaryFolder } from '../fixtures';

// the first eight bits of a row are its number, so that an answer depends on which row was asked about
function numbered(count: number): Samples {
  const x = Uint8Array.from({ length: count * 40 }, (_, i) => (i % 40 < 8 ? ((i / 40) >> (i % 40)) & 1 : 0));
  return { x, y: new Uint8Array(count), count, shape: [40] };
}

const data = { name: 'numbered', classes: 5, train: numbered(100), test: numbered(200) };
const trigger = { family: 'bits' as const, length: 8, chance: 0.6 };
const plan = { keys: 4, rowsPerKey: 2, trigger, queriesPerKey: 30, alpha: 0.01, randomness: 'a drawn lot' };
const keys = deriveKeys(createKey(data, plan, 'ab'.repeat(32)), 'the lot that was drawn: 17');

/** Answers by the sum of weighted bits: any change of row or trigger shows. */
function answer(samples: Samples): Int32Array {
  return Int32Array.from({ length: samples.count }, (_, row) => {
    let sum = 0;
    for (let cell = 0; cell < 40; cell++) sum += samples.x[row * 40 + cell] * (cell * cell + 1);
    return sum % 5;
  });
}

const box: BlackBox = { classes: 5, predict: async samples => answer(samples) };

// prevents answers in the order of asking being taken for answers in the order of the key's rows
test('each answer belongs to its key’s row, stamped with its trigger', async () => {
  const { answers } = await probeKeys(box, data.test, keys, { batchSize: 7, concurrency: 2 });
  keys.forEach((key, j) => {
    assert.deepEqual(answers[j], answer(stamp(takeSamples(data.test, key.probes), key.trigger)));
  });
});

test('an interrupted probing of keys goes on where it stopped', async t => {
  const folder = temporaryFolder(t);
  let asked = 0;
  const counting = (limit: number): BlackBox => ({
    classes: 5,
    predict: async samples => {
      if (asked + samples.count > limit) throw new Error('the line is dead');
      asked += samples.count;
      return answer(samples);
    },
  });
  const options = { batchSize: 10, ledger: join(folder, 'ledger') };
  await assert.rejects(probeKeys(counting(75), data.test, keys, options), /the line is dead/);
  assert.equal(asked, 70);
  const resumed = await probeKeys(counting(120), data.test, keys, options);
  assert.equal(asked, 120);
  assert.deepEqual(resumed.answers, (await probeKeys(box, data.test, keys)).answers);
  assert.equal(readdirSync(folder).filter(name => /ledger\.\d$/.test(name)).length, 4);
});

test('progress counts the queries and hits of all keys', async () => {
  const seen: number[] = [];
  const hits: number[] = [];
  const always: BlackBox = {
    classes: 5,
    predict: async ({ count }) => new Int32Array(count).fill(keys[0].target),
  };
  await probeKeys(always, data.test, keys, {
    batchSize: 30,
    onProgress: progress => {
      assert.equal(progress.total, 120);
      seen.push(progress.done);
      hits.push(progress.hits);
    },
  });
  assert.equal(seen.at(-1), 120);
  assert.equal(hits.at(-1), 30 * keys.filter(key => key.target === keys[0].target).length);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
});
