import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultRow } from '../../src/reproduce/csv';
import { estimate, percentOf, settingsTable, summarizeSettings } from '../../src/reproduce/tables';

const row = (id: string, rest: ResultRow): ResultRow => ({
  ...{ id, dataset: 'd', markRate: 0.002, owners: 1, queries: 30, testAccuracy: 0.5, error: null },
  ...{ marked: 8, attackSuccessRate: 0.5, theoremRejected: 'true', binomialRejected: true },
  ...rest,
});

test('the standard error is that of R: sd(x) / sqrt(length(x))', () => {
  const { mean, standardError } = estimate([0.1, 0.2, 0.6]);
  assert.ok(Math.abs(mean - 0.3) < 1e-12);
  assert.ok(Math.abs(standardError - 0.1527525231651947) < 1e-12);
  assert.equal(percentOf(estimate([0.1, 0.2, 0.6])), '30.0 ± 15.3 %');
  assert.equal(percentOf(estimate([0.25])), '25.0 %');
  assert.equal(percentOf(estimate([])), '');
});

test('owners who share a model are one observation of its success rate', () => {
  // prevents a standard error that is too small by the square root of the number of owners
  const rows = ['a', 'b'].flatMap((id, i) =>
    [0.25, 0.75].map(rate => row(id, { attackSuccessRate: rate + i, testAccuracy: 0.5 + i / 4 })),
  );
  const [{ used, outsiders, testAccuracy, ids }] = summarizeSettings(rows);
  assert.deepEqual(ids, ['a', 'b']);
  assert.deepEqual(used?.attackSuccessRate, estimate([0.5, 1.5]));
  assert.deepEqual(testAccuracy, estimate([0.5, 0.75]));
  assert.deepEqual([used?.owners, used?.theorem, used?.binomial], [4, 4, 4]);
  assert.equal(outsiders, undefined);
});

test('a table shows as few settings as tell its lines apart, in order, and failures as such', () => {
  const rows = [
    row('a', { markRate: 0.01, triggerStart: 3 }),
    row('b', { markRate: 0.002, marked: 0, theoremRejected: false, binomialRejected: false }),
    row('c', { markRate: null, markCount: 10 }),
    row('d', { markRate: 0.05, error: 'no data', testAccuracy: null, marked: null }),
  ];
  const table = settingsTable(summarizeSettings(rows));
  assert.deepEqual(
    table.map(line => line.marked),
    ['0.2 %', '1 %', '5 %', '10 rows'],
  );
  const { accuracy, ASR, failed } = table[2];
  assert.deepEqual({ accuracy, ASR, failed }, { accuracy: '', ASR: '', failed: '1' });
  assert.equal(table[0]['Theorem 1, wrongly'], '0 of 1');
  assert.deepEqual(Object.keys(table[0]).slice(0, 2), ['marked', 'runs']);
});
