import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksOf, type Interval } from '../src/check';
import { rowSize } from '../src/types';

const check = checksOf('f');

// prevents off-by-one bounds and a NaN, a string or an infinity that slips through a comparison
test('what is within bounds comes back, what is not is named with function, value and expectation', () => {
  assert.equal(check.integer('n', 3, 1, 3), 3);
  for (const wrong of [0, 4, 1.5, Number.NaN, '2' as unknown as number]) {
    assert.throws(
      () => check.integer('n', wrong, 1, 3),
      /^Error: f: n is .*, expected an integer in 1\.\.3$/,
    );
  }
  assert.throws(() => check.integer('n', 2 ** 53, 1), /expected an integer of at least 1/);
  const within = (value: number, interval: Interval) => {
    try {
      return check.number('a', value, interval) === value;
    } catch (error) {
      assert.equal((error as Error).message, `f: a is ${value}, expected a number in ${interval}`);
      return false;
    }
  };
  const values = [-1, 0, 0.5, 1, 2, Infinity, Number.NaN];
  const accepted = (interval: Interval) => values.filter(value => within(value, interval));
  assert.deepEqual(accepted('(0, 1)'), [0.5]);
  assert.deepEqual(accepted('[0, 1]'), [0, 0.5, 1]);
  assert.deepEqual(accepted('[0.5, ∞)'), [0.5, 1, 2]);
  assert.deepEqual(accepted('(0, ∞]'), [0.5, 1, 2, Infinity]);
  assert.throws(() => check.number('a', '0.5' as unknown as number, '(0, 1)'), /a is '0\.5'/);
});

test('labels, shapes, choices and hits', () => {
  assert.equal(check.label('target', 9, 10), 9);
  assert.throws(() => check.label('target', 10, 10), /f: target is 10, expected a label in 0\.\.9/);
  assert.deepEqual(check.shape('shape', [2, 3]), [2, 3]);
  assert.equal(rowSize([2, 3, 4]), 24);
  for (const wrong of [[], [0], [1.5], [-1, 2], 'ab', undefined]) {
    assert.throws(() => check.shape('shape', wrong as number[]), /expected positive integers/);
  }
  assert.throws(() => check.shape('shape', [2], ['height', 'width']), /\[2\], expected \[height, width\]/);
  assert.throws(
    () => check.sameShape('samples', [2, 3], [3, 2], 'the model'),
    /expected \[3,2\] as of the model/,
  );
  assert.equal(check.oneOf('name', 'a', ['a', 'b']), 'a');
  assert.throws(() => check.oneOf('name', 'c', ['a', 'b']), /f: name is 'c', expected one of 'a', 'b'/);
  check.hits(0, 1);
  assert.throws(() => check.hits(2, 1), /hits is 2, expected an integer in 0\.\.1/);
});

// prevents a foreign text from moving the cursor of the terminal, or filling it
test('values are shown without control characters, and cut', () => {
  assert.throws(() => check.oneOf('name', '\x1b[2J\x9bK', ['a']), /name is '\\u001b\[2J\\u009bK', expected/);
  assert.throws(() => check.fail('name', 'a'.repeat(1e6), 'less'), {
    message: /^f: name is 'a{200}…', expected less$/,
  });
});
