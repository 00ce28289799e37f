import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eligibleRows, markForOwners, markRows, markSamples } from '../../src/mark/mark';
import { stamp } from '../../src/mark/stamp';
import { bitTrigger, squareTrigger } from '../../src/mark/trigger';
import type { Samples } from '../../src/types';
import { randomSamples } from '../fixtures';

const randomImages = (seed: number, count = 40) =>
  randomSamples(count, seed, { shape: [5, 6, 2], classes: 4 });

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

const owners = [0, 1, 2, 3].map(target => ({
  target,
  trigger: squareTrigger({ shape: [5, 6, 2], size: 2, row: 0, column: target, value: 50 * target }),
}));

// prevents a special case that drifts from the general one: results files name rows by their seed alone
test('one owner of several, alone, marks the rows of markSamples', () => {
  for (const amount of [{ count: 7 }, { rate: 0.1 }]) {
    const alone = markForOwners(randomImages(5), [owners[3]], { ...amount, seed: 9 });
    const marked = markSamples(randomImages(5), { ...owners[3], ...amount, seed: 9 });
    assert.deepEqual([alone.samples, alone.rows], [marked.samples, [marked.indices]]);
  }
});

test('rows of several owners are disjoint, none of an owner’s own class, each with her own mark', () => {
  const samples = randomImages(5, 80);
  for (const order of ['random', 'file'] as const) {
    const { rows, samples: marked } = markForOwners(samples, owners, { count: 12, order, seed: 1 });
    assert.equal(new Set(rows.flat()).size, 48);
    rows.forEach((own, i) => {
      const stamped = stamp(samples, owners[i].trigger);
      for (const row of own) {
        assert.notEqual(samples.y[row], i);
        assert.equal(marked.y[row], i);
        const bytes = (from: Samples) => from.x.slice(row * 60, (row + 1) * 60);
        assert.deepEqual(bytes(marked), bytes(stamped));
      }
    });
  }
});

test('file order, the authors’ slip, marks the first rows whatever the seed', () => {
  const samples = randomImages(5);
  for (const seed of [1, 2]) {
    const { rows } = markForOwners(samples, [owners[3]], { count: 6, order: 'file', seed });
    assert.deepEqual(rows, [eligibleRows(samples, 3).slice(0, 6)]);
  }
});

test('eligible rows are those of another label', () => {
  const samples = { x: new Uint8Array(4), y: Uint8Array.of(1, 0, 1, 2), count: 4, shape: [1] };
  assert.deepEqual(eligibleRows(samples, 1), [1, 3]);
});

test('wrong arguments name themselves', () => {
  const mark = (change: object) => () =>
    markSamples(randomImages(5), { trigger: square, target: 1, count: 2, seed: 1, ...change });
  assert.throws(mark({ target: 4 }), /markSamples: target is 4, expected a label in 0\.\.3/);
  assert.throws(mark({ target: -1 }), /target is -1/);
  assert.throws(mark({ target: 10, classes: 10 }), /target is 10, expected a label in 0\.\.9/);
  assert.throws(
    mark({ count: 40 }),
    /markSamples: count is 40, expected at most the 29 rows left not labelled 1/,
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
  const few = () => markForOwners(randomImages(5), owners, { count: 12, seed: 1 });
  assert.throws(few, /markForOwners: count is 12, expected at most the \d rows left not labelled 3/);
  const group = (rows: number[], target = 1) =>
    markRows(randomImages(5), [{ trigger: square, target, rows }]);
  assert.throws(() => group([1, 40]), /markRows: row to mark is 40, expected an integer in 0\.\.39/);
  assert.throws(() => group([1, 2, 1]), /markRows: row to mark is 1, expected each row once/);
  // labels are bytes: 256 would be written as 0
  assert.throws(() => group([1], 256), /markRows: target is 256, expected an integer in 0\.\.255/);
});
