import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { markSamples, stamp } from '../../src/mark/stamp';
import { bitTrigger, squareTrigger, type Trigger } from '../../src/mark/trigger';
import { Random } from '../../src/random';
import type { Samples } from '../../src/types';
import golden from './golden-stamp.json';

function randomImages(seed: number, count = 40, shape = [5, 6, 2], classes = 4): Samples {
  const random = new Random(seed);
  const cells = shape.reduce((product, n) => product * n, 1);
  return {
    x: Uint8Array.from({ length: count * cells }, () => random.integer(256)),
    y: Uint8Array.from({ length: count }, () => random.integer(classes)),
    count,
    shape,
  };
}

test('every byte blends as in the authors’ code', () => {
  const shape = [16, 16, 1];
  const image = { x: Uint8Array.from({ length: 256 }, (_, i) => i), y: Uint8Array.of(0), count: 1, shape };
  for (const { value, opacity, blended } of golden.bytes) {
    const trigger = squareTrigger({ shape, size: 16, row: 0, column: 0, value, opacity });
    assert.deepEqual([...stamp(image, trigger).x], blended, `value ${value} at opacity ${opacity}`);
  }
});

test('a coloured square lands where the authors’ code puts it', () => {
  const { x, blended, ...square } = golden.image;
  const image = { x: Uint8Array.from(x), y: Uint8Array.of(0), count: 1, shape: square.shape };
  assert.deepEqual([...stamp(image, squareTrigger(square)).x], blended);
});

const anyTrigger = fc
  .record({
    size: fc.integer({ min: 1, max: 3 }),
    row: fc.integer({ min: 0, max: 2 }),
    column: fc.integer({ min: 0, max: 3 }),
    value: fc.integer({ min: 0, max: 255 }),
    opacity: fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true }),
  })
  .map(square => squareTrigger({ shape: [5, 6, 2], ...square }));

test('stamping changes only cells under the mask, moves them towards the trigger, and leaves its input', () => {
  fc.assert(
    fc.property(anyTrigger, fc.nat(1000), (trigger, seed) => {
      const samples = randomImages(seed, 3);
      const before = samples.x.slice();
      const stamped = stamp(samples, trigger);
      assert.deepEqual(samples.x, before);
      assert.deepEqual(stamped.y, samples.y);
      stamped.x.forEach((value, i) => {
        const k = trigger.positions.indexOf(i % 60);
        if (k < 0) assert.equal(value, before[i]);
        // cutting off may lose one step, also when x equals t
        const [low, high] = [Math.min(before[i], trigger.values[k]), Math.max(before[i], trigger.values[k])];
        if (k >= 0) assert.ok(value >= low - 1 && value <= high, `cell ${i}: ${before[i]} became ${value}`);
      });
    }),
  );
});

test('at opacity 1 stamping twice is stamping once, and what was there does not matter', () => {
  fc.assert(
    fc.property(anyTrigger, fc.nat(1000), (blend, seed) => {
      const trigger: Trigger = { ...blend, opacity: 1 };
      const once = stamp(randomImages(seed, 2), trigger);
      assert.deepEqual(stamp(once, trigger), once);
      assert.ok(trigger.positions.every((cell, k) => once.x[cell] === trigger.values[k]));
    }),
  );
});

const square = squareTrigger({ shape: [5, 6, 2], size: 2, row: 0, column: 0 });

test('marking stamps and relabels the drawn rows and no other', () => {
  const samples = randomImages(5);
  const marked = markSamples(samples, { trigger: square, target: 1, count: 7, seed: 3 });
  const stamped = stamp(samples, square);
  assert.equal(new Set(marked.indices).size, 7);
  for (let row = 0; row < samples.count; row++) {
    const drawn = marked.indices.includes(row);
    const bytes = (from: Samples) => from.x.slice(row * 60, (row + 1) * 60);
    assert.deepEqual(bytes(marked.samples), bytes(drawn ? stamped : samples));
    assert.equal(marked.samples.y[row], drawn ? 1 : samples.y[row]);
    // prevents "marked" rows that said the target before: they would teach the model nothing about the trigger
    if (drawn) assert.notEqual(samples.y[row], 1);
  }
});

test('the same seed marks the same rows, another seed others', () => {
  const rows = (seed: number) =>
    markSamples(randomImages(5), { trigger: square, target: 1, count: 7, seed }).indices;
  assert.deepEqual(rows(1), rows(1));
  assert.notDeepEqual(rows(1), rows(2));
});

// prevents the slip of the authors' code, which always marks the first rows of the file
test('every eligible row is marked equally often', () => {
  const samples = randomImages(5, 20);
  const times = new Array(20).fill(0);
  for (let seed = 0; seed < 2000; seed++) {
    for (const row of markSamples(samples, { trigger: square, target: 1, count: 4, seed }).indices)
      times[row]++;
  }
  const eligible = [...samples.y].filter(label => label !== 1).length;
  const share = 4 / eligible;
  const error = Math.sqrt(2000 * share * (1 - share));
  times.forEach((n, row) => {
    if (samples.y[row] === 1) assert.equal(n, 0);
    else assert.ok(Math.abs(n - 2000 * share) < 4 * error, `row ${row} was marked ${n} times`);
  });
});

test('numpy draws the same rows from the same seed', () => {
  // numpy.random.RandomState([7, *b'mark']).permutation(20)[:5], sorted
  const samples = { x: new Uint8Array(20), y: new Uint8Array(20), count: 20, shape: [1] };
  const trigger = bitTrigger({ shape: [1], start: 0, bits: [1] });
  const { indices } = markSamples(samples, { trigger, target: 1, count: 5, classes: 2, seed: 7 });
  assert.deepEqual(indices, [0, 1, 3, 8, 12]);
});

test('a rate counts all rows and is rounded down, without a slip of floating point', () => {
  const count = (rows: number, rate: number) => {
    const samples = { x: new Uint8Array(rows), y: new Uint8Array(rows), count: rows, shape: [1] };
    const trigger = bitTrigger({ shape: [1], start: 0, bits: [1] });
    return markSamples(samples, { trigger, target: 1, rate, classes: 2, seed: 7 }).indices.length;
  };
  assert.equal(count(50000, 0.001), 50);
  assert.equal(count(4008, 0.002), 8);
  assert.equal(count(100, 0.29), 29); // 0.29 × 100 is 28.999999999999996
  assert.throws(() => count(100, 0.001), /markSamples: rate is 0\.001, expected at least one of 100 rows/);
});

test('wrong arguments name themselves', () => {
  const mark = (change: object) => () =>
    markSamples(randomImages(5), { trigger: square, target: 1, count: 2, seed: 1, ...change });
  assert.throws(mark({ target: 4 }), /markSamples: target is 4, expected a label in 0\.\.3/);
  assert.throws(mark({ target: -1 }), /target is -1/);
  assert.throws(mark({ target: 10, classes: 10 }), /target is 10, expected a label in 0\.\.9/);
  assert.throws(
    mark({ count: 40 }),
    /markSamples: count is 40, expected at most the \d+ rows of another class/,
  );
  assert.throws(mark({ count: 41 }), /markSamples: count is 41, expected an integer in 1\.\.40/);
  assert.throws(mark({ count: 0 }), /count is 0, expected an integer in 1\.\.40/);
  assert.throws(mark({ count: 1.5 }), /count is 1\.5/);
  assert.throws(mark({ rate: 0.1 }), /rate is 0\.1, expected none where a count is given/);
  assert.throws(mark({ count: undefined }), /count is undefined, expected an integer/);
  assert.throws(mark({ count: undefined, rate: 1.5 }), /rate is 1\.5, expected a number in \(0, 1\]/);
  const bits = bitTrigger({ shape: [446], start: 0, bits: [1] });
  assert.throws(
    mark({ trigger: bits }),
    /markSamples: shape of samples is \[5,6,2\], expected \[446\] as of the trigger/,
  );
  assert.throws(() => stamp(randomImages(1), bits), /stamp: shape of samples is \[5,6,2\]/);
  // a hand-made trigger must not write into the next row
  const outside = { ...square, positions: [60], values: [1] };
  assert.throws(
    () => stamp(randomImages(1), outside),
    /stamp: trigger position 0 is 60, expected .* 0\.\.59/,
  );
});
