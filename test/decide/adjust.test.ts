import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adjust } from '../../src/decide/adjust';
import { binomialTest } from '../../src/decide/binomial';
import { assertBroken, assertCalibrated, assertClose, drawHits } from './checks';
import golden from './golden.json';

test('Holm and Benjamini–Hochberg agree with R (p.adjust)', () => {
  for (const { p, holm, bh } of golden.adjusted) {
    for (const [i, value] of adjust(p, 'holm').entries()) assertClose(value, holm[i], 1e-12, `holm of ${p}`);
    for (const [i, value] of adjust(p, 'benjamini-hochberg').entries())
      assertClose(value, bh[i], 1e-12, `bh of ${p}`);
  }
  assert.deepEqual(adjust([], 'holm'), []);
});

test('Holm: with ten innocent models at once, an accusation is still rare', () => {
  assertCalibrated(0.05, 4000, random =>
    adjust(
      Array.from({ length: 10 }, () => random.next()),
      'holm',
    ).some(p => p <= 0.05),
  );
});

test('Benjamini–Hochberg: with innocent models only, the same', () => {
  assertCalibrated(0.05, 4000, random =>
    adjust(
      Array.from({ length: 10 }, () => random.next()),
      'benjamini-hochberg',
    ).some(p => p <= 0.05),
  );
});

// the bug this prevents: "corrected for ten owners" taken for "corrected"
test('a wrong 1/K stays wrong: clean models with a favourite label are accused in most families', () => {
  assertBroken(0.05, 400, random => {
    const pValues = Array.from({ length: 10 }, () => {
      const hits = drawHits(random, 30, random.integer(10) === 0 ? 1 : 0);
      return binomialTest({ hits, queries: 30, chance: 0.1, alpha: 0.05 }).pValue;
    });
    return adjust(pValues, 'holm').some(p => p <= 0.05);
  });
});

test('wrong arguments name themselves', () => {
  assert.throws(() => adjust([0.1, 2], 'holm'), /adjust: pValues\[1\] is 2, expected a number in \[0, 1\]/);
  assert.throws(
    () => adjust([0.1], 'bonferroni' as 'holm'),
    /adjust: method is 'bonferroni', expected one of 'holm', /,
  );
});
