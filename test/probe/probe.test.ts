import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stamp } from '../../src/mark/stamp';
import type { Trigger } from '../../src/mark/trigger';
import { drawQueries, probe } from '../../src/probe/probe';
import type { BlackBox, Samples } from '../../src/types';

const trigger: Trigger = { family: 'bits', shape: [4], positions: [3], values: [1], opacity: 1 };

/** Row r is the bits of r with the last one 0; its label is r mod 3. */
const samples: Samples = {
  x: Uint8Array.from({ length: 8 * 4 }, (_, i) => (i % 4 === 3 ? 0 : ((i >> 2) >> (i % 4)) & 1)),
  y: Uint8Array.from({ length: 8 }, (_, row) => row % 3),
  count: 8,
  shape: [4],
};

/** Answers the first three bits as a number mod 3, or 1 when the last bit is set and the first one too. */
const box: BlackBox = {
  classes: 3,
  predict: async ({ x, count }) =>
    Int32Array.from({ length: count }, (_, row) => {
      const [a, b, c, marked] = x.subarray(row * 4, row * 4 + 4);
      return marked && a ? 1 : (a + 2 * b + 4 * c) % 3;
    }),
};

const options = { trigger, target: 1, queries: 5, seed: 3 };

test('asks about stamped rows of other classes and counts the target answers', async () => {
  const asked = new Set<string>();
  const spy: BlackBox = {
    classes: 3,
    predict: async batch => {
      for (let row = 0; row < batch.count; row++) asked.add(batch.x.subarray(row * 4, row * 4 + 4).join(''));
      return box.predict(batch);
    },
  };
  const answer = await probe(spy, samples, { ...options, batchSize: 2 });
  const rows = [...answer.indices];
  assert.equal(new Set(rows).size, 5); // a row asked twice would count one answer twice
  assert.ok(rows.every(row => samples.y[row] !== 1)); // a sample of the target class hits without any mark
  const stamped = stamp(samples, trigger);
  assert.deepEqual(asked, new Set(rows.map(row => stamped.x.subarray(row * 4, row * 4 + 4).join(''))));
  const expected = rows.map(row => (row & 1 ? 1 : row % 3));
  assert.deepEqual([...answer.predictions], expected);
  assert.equal(answer.hits, expected.filter(label => label === 1).length);
  assert.equal(answer.attackSuccessRate, answer.hits / 5);
});

test('the questions depend on the seed and on nothing else', async () => {
  const one = await probe(box, samples, { ...options, batchSize: 1 });
  const many = await probe(box, samples, { ...options, batchSize: 64 });
  assert.deepEqual(one, many);
  assert.deepEqual(one.indices, drawQueries(samples, options));
  assert.notDeepEqual(one.indices, drawQueries(samples, { ...options, seed: 4 }));
  // the randomization test is exact only when the rows are not chosen by their label
  const all = drawQueries(samples, { ...options, queries: 8, anyLabel: true });
  assert.deepEqual([...all].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('wrong arguments and wrong answers name themselves', async () => {
  await assert.rejects(
    probe(box, samples, { ...options, target: 3 }),
    /probe: target is 3, expected an integer in 0\.\.2/,
  );
  await assert.rejects(probe(box, samples, { ...options, queries: 6 }), /probe: queries is 6.*1\.\.5/);
  await assert.rejects(probe(box, samples, { ...options, batchSize: 0 }), /probe: batchSize is 0/);
  const liar = (labels: number[]): BlackBox => ({ classes: 3, predict: async () => Int32Array.from(labels) });
  await assert.rejects(
    probe(liar([0, 1]), samples, options),
    /probe: queries 0\.\.4: the model gave 2 labels, expected 5/,
  );
  await assert.rejects(
    probe(liar([0, 1, 2, 3, 0]), samples, options),
    /probe: queries 0\.\.4: the model answered 3 to query 3, expected 0\.\.2/,
  );
});
