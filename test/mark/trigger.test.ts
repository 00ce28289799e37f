import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checksOf } from '../../src/check';
import { bitTrigger, checkTrigger, randomBits, randomPattern, squareTrigger } from '../../src/mark/trigger';

const image = { shape: [4, 5, 2], size: 2, row: 2, column: 1 };

test('a square covers exactly its pixels, all channels, row-major', () => {
  const trigger = squareTrigger({ ...image, opacity: 0.3 });
  // pixels (2,1) (2,2) (3,1) (3,2) of rows of 5 pixels with 2 channels each
  assert.deepEqual(trigger.positions, [22, 23, 24, 25, 32, 33, 34, 35]);
  assert.deepEqual(trigger.values, Array(8).fill(255));
  assert.equal(trigger.opacity, 0.3);
});

test('a grey pattern serves every channel, a coloured one each its own', () => {
  assert.deepEqual(squareTrigger({ ...image, pattern: [1, 2, 3, 4] }).values, [1, 1, 2, 2, 3, 3, 4, 4]);
  assert.deepEqual(
    squareTrigger({ ...image, pattern: [1, 2, 3, 4, 5, 6, 7, 8] }).values,
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
});

test('bits run from start', () => {
  const trigger = bitTrigger({ shape: [446], start: 426, bits: new Uint8Array(20).fill(1) });
  assert.deepEqual([trigger.positions[0], trigger.positions[19], trigger.positions.length], [426, 445, 20]);
});

test('a trigger survives JSON', () => {
  const trigger = squareTrigger({ ...image, pattern: randomPattern({ size: 2, channels: 2, seed: 1 }) });
  assert.deepEqual(JSON.parse(JSON.stringify(trigger)), trigger);
});

test('every square that lies inside the image is consistent, every other is refused', () => {
  const small = fc.integer({ min: -1, max: 6 });
  fc.assert(
    fc.property(small, small, small, (size, row, column) => {
      const inside = size >= 1 && row >= 0 && column >= 0 && row + size <= 4 && column + size <= 5;
      const make = () => squareTrigger({ shape: [4, 5, 1], size, row, column });
      if (inside) checkTrigger(checksOf('test'), make());
      else assert.throws(make, /squareTrigger: (size|row|column) is -?\d+, expected (an integer in|0$)/);
    }),
    { seed: 1 },
  );
});

test('random patterns and bits follow their seed, and bits their probability', () => {
  const pattern = (seed: number) => randomPattern({ size: 4, seed });
  assert.deepEqual(pattern(1), pattern(1));
  assert.notDeepEqual(pattern(1), pattern(2));
  assert.equal(randomPattern({ size: 4, channels: 3, seed: 1 }).length, 48);
  const ones = randomBits({ length: 10000, chance: 0.6, seed: 1 }).reduce((sum, bit) => sum + bit, 0);
  assert.ok(Math.abs(ones - 6000) < 4 * Math.sqrt(10000 * 0.6 * 0.4), `${ones} ones of 10000`);
});

test('wrong arguments name themselves', () => {
  const square = (change: object) => () => squareTrigger({ ...image, ...change });
  assert.throws(
    square({ shape: [446] }),
    /squareTrigger: shape is \[446\], expected \[height, width, channels\]/,
  );
  assert.throws(square({ row: 3 }), /squareTrigger: row is 3, expected an integer in 0\.\.2/);
  assert.throws(square({ opacity: 0 }), /squareTrigger: opacity is 0, expected a number in \(0, 1\]/);
  assert.throws(square({ opacity: 1.1 }), /opacity is 1\.1/);
  assert.throws(square({ opacity: Number.NaN }), /opacity is NaN/);
  assert.throws(
    square({ value: 256 }),
    /squareTrigger: trigger value 0 is 256, expected an integer in 0\.\.255/,
  );
  assert.throws(square({ pattern: [1, 2, 3] }), /number of values in pattern is 3, expected one of 4, 8/);
  assert.throws(
    square({ pattern: [1, 2, 3, 4], value: 4 }),
    /value is 4, expected none where a pattern is given/,
  );
  const bits = (change: object) => () => bitTrigger({ shape: [10], start: 0, bits: [1, 1], ...change });
  assert.throws(bits({ shape: [4, 4, 1] }), /bitTrigger: shape is \[4,4,1\], expected \[width\]/);
  assert.throws(bits({ start: 9 }), /bitTrigger: start is 9, expected an integer in 0\.\.8/);
  assert.throws(bits({ bits: [] }), /bitTrigger: number of bits is 0/);
  assert.throws(bits({ bits: [1, 2] }), /trigger value 1 is 2, expected an integer in 0\.\.1/);
  assert.throws(() => randomBits({ length: 3, chance: 2, seed: 1 }), /randomBits: chance is 2/);
  assert.throws(() => randomPattern({ size: 0, seed: 1 }), /randomPattern: size is 0/);
});
