import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stamp } from '../../src/mark/stamp';
import { bitTrigger, squareTrigger, type Trigger } from '../../src/mark/trigger';
import { randomSamples } from '../fixtures';
import golden from './golden-stamp.json';

const randomImages = (seed: number, count = 40) =>
  randomSamples(count, seed, { shape: [5, 6, 2], classes: 4 });

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
    { seed: 1 },
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
    { seed: 1 },
  );
});

test('wrong arguments name themselves', () => {
  const square = squareTrigger({ shape: [5, 6, 2], size: 2, row: 0, column: 0 });
  const bits = bitTrigger({ shape: [446], start: 0, bits: [1] });
  assert.throws(() => stamp(randomImages(1), bits), /stamp: shape of samples is \[5,6,2\]/);
  // a hand-made trigger must not write into the next row
  const outside = { ...square, positions: [60], values: [1] };
  assert.throws(
    () => stamp(randomImages(1), outside),
    /stamp: trigger position 0 is 60, expected .* 0\.\.59/,
  );
});
