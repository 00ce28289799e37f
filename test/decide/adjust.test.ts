import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adjust, adjustEValues } from '../../src/decide/adjust';
import { sequentialTest } from '../../src/decide/sequential';
import { assertCalibrated, assertClose } from './checks';
import golden from './golden.json';

test('Holm and Benjamini–Hochberg agree with R (p.adjust)', () => {
  for (const { p, holm, bh } of golden.adjusted) {
    for (const [i, value] of adjust(p, 'holm').entries()) assertClose(value, holm[i], 1e-12, `holm of ${p}`);
    for (const [i, value] of adjust(p, 'benjamini-hochberg').entries())
      assertClose(value, bh[i], 1e-12, `bh of ${p}`);
  }
  assert.deepEqual(adjust([], 'holm'), []);
});

test('e-BH accuses the k largest e-values for the largest k with k·e ≥ n/alpha', () => {
  const eValues = [3, 100, 0, 45, 41, 1e300, 8];
  const accused = adjustEValues(eValues).map(p => p <= 0.05);
  // sorted: 1e300, 100, 45, 41, 8, …; 4·41 ≥ 7/0.05 = 140, 5·8 is not
  assert.deepEqual(accused, [false, true, false, true, true, true, false]);
});

test('Holm: with ten innocent models at once, an accusation is still rare', () => {
  assertCalibrated(0.05, 4000, random =>
    adjust(
      Array.from({ length: 10 }, () => random.next()),
      'holm',
    ).some(p => p <= 0.05),
  );
});

test('Benjamini–Hochberg and e-BH: with innocent models only, the same', () => {
  assertCalibrated(0.05, 4000, random =>
    adjust(
      Array.from({ length: 10 }, () => random.next()),
      'benjamini-hochberg',
    ).some(p => p <= 0.05),
  );
  assertCalibrated(0.05, 500, random => {
    const eValues = Array.from({ length: 5 }, () => {
      const { update } = sequentialTest({ chance: 0.2, alpha: 0.05 });
      let now = update(random.next() < 0.2);
      while (now.queries < 20) now = update(random.next() < 0.2);
      return now.eValue;
    });
    return adjustEValues(eValues).some(p => p <= 0.05);
  });
});

test('wrong arguments name themselves', () => {
  assert.throws(() => adjust([0.1, 2], 'holm'), /adjust: pValues\[1\] is 2, expected a number in 0..1/);
  assert.throws(
    () => adjust([0.1], 'bonferroni' as 'holm'),
    /adjust: method is 'bonferroni', expected 'holm' or/,
  );
  assert.throws(() => adjustEValues([-1]), /adjustEValues: eValues\[0\] is -1/);
});
