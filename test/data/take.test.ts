import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeSamples } from '../../src/data/take';

const samples = {
  x: Uint8Array.from({ length: 12 }, (_, i) => i),
  y: Int32Array.of(7, 300, 9),
  count: 3,
  shape: [2, 2],
};

test('takeSamples keeps order, repeats and the type of the labels', () => {
  // labels above 255 would wrap round if the labels' type were not kept
  assert.deepEqual(takeSamples(samples, [1, 0, 1]), {
    x: Uint8Array.of(4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7),
    y: Int32Array.of(300, 7, 300),
    count: 3,
    shape: [2, 2],
  });
  assert.ok(takeSamples({ ...samples, y: Uint8Array.of(1, 2, 3) }, [2]).y instanceof Uint8Array);
  assert.equal(takeSamples(samples, new Int32Array()).count, 0);
});

test('takeSamples copies: changing the result leaves the original alone', () => {
  const taken = takeSamples(samples, [0]);
  taken.x.fill(99);
  assert.equal(samples.x[0], 0);
});

test('takeSamples refuses a row that does not exist', () => {
  // subarray would silently return too few bytes
  for (const index of [-1, 3, 0.5, Number.NaN]) {
    assert.throws(() => takeSamples(samples, [0, index]), {
      message: `takeSamples: indices[1] is ${index}, expected an integer in 0..2`,
    });
  }
});
