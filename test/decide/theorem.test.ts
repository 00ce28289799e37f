import assert from 'node:assert/strict';
import { test } from 'node:test';
import { theoremHits, theoremTest, theoremThreshold } from '../../src/decide/theorem';
import { assertClose } from './checks';
import golden from './golden.json';

test('Theorem 1 agrees with R (qt, uniroot, t.test)', () => {
  for (const row of golden.theorem) {
    const what = JSON.stringify(row);
    const { hits, ...setting } = row;
    const decision = theoremTest({ hits, ...setting });
    assertClose(theoremThreshold(setting), row.threshold, 1e-11, what);
    assert.equal(theoremHits(setting), row.smallest, what);
    assert.equal(decision.rejected, hits >= row.smallest, what);
    assertClose(decision.statistic, Number(row.statistic), 1e-11, what);
    assertClose(decision.pValue, row.pValue, 1e-11, what);
  }
});

test('the thresholds that the paper prints', () => {
  const setting = (classes: number) => ({ classes, queries: 30, confidence: 0.95 });
  assert.deepEqual(
    [10, 30, 100].map(classes => (100 * theoremThreshold(setting(classes))).toFixed(2)),
    ['23.35', '14.42', '10.79'],
  );
  assert.deepEqual(
    [10, 30, 100].map(classes => theoremHits(setting(classes))),
    [8, 5, 4],
  );
});

/** Exact false-accusation rate of Theorem 1 against a model that answers the target with chance 1/K. */
function level(classes: number, queries: number): number {
  let total = 0;
  let probability = (1 - 1 / classes) ** queries;
  for (let hits = 0; hits <= queries; hits++) {
    if (theoremTest({ hits, queries, classes, confidence: 0.95 }).rejected) total += probability;
    probability *= (queries - hits) / (hits + 1) / (classes - 1);
  }
  return total;
}

test('Theorem 1 breaks its level where the queries are few: kept as published, and shown', () => {
  assert.equal(level(2, 2), 0.25);
  assertClose(level(3, 2), 1 / 9, 1e-12, 'K = 3, m = 2');
  assert.ok(level(10, 30) < 0.05);
});

test('wrong arguments name themselves', () => {
  const good = { hits: 3, queries: 30, classes: 10, confidence: 0.95 };
  const fails = (change: object, message: RegExp) =>
    assert.throws(() => theoremTest({ ...good, ...change }), message);
  fails({ queries: 1, hits: 1 }, /theoremTest: queries is 1, expected an integer of at least 2/);
  fails({ hits: 31 }, /theoremTest: hits is 31, expected an integer in 0..30/);
  fails({ hits: -1 }, /hits is -1/);
  fails({ hits: 1.5 }, /hits is 1.5/);
  fails({ classes: 1 }, /classes is 1, expected an integer of at least 2/);
  fails({ confidence: 95 }, /confidence is 95, expected a number in \[0.5, 1\)/);
  fails({ confidence: Number.NaN }, /confidence is NaN/);
  assert.throws(() => theoremThreshold({ ...good, queries: 1 }), /theoremThreshold: queries is 1/);
  assert.throws(() => theoremHits({ ...good, classes: 0 }), /theoremHits: classes is 0/);
});
