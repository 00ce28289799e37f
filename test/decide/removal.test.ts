import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateChance } from '../../src/decide/chance';
import { removalTest } from '../../src/decide/removal';
import { assertBroken, assertCalibrated, assertClose, drawHits } from './checks';
import golden from './golden.json';

test('p-value and limit agree with R (binom.test, less)', () => {
  for (const row of golden.removal) {
    const what = JSON.stringify(row);
    const chance = row.limit / 2;
    const decision = removalTest({ ...row, chance, margin: chance, alpha: 0.05 });
    assertClose(decision.pValue, row.pValue, 1e-12, what);
    assertClose(decision.interval[1], row.upper, 1e-10, what);
    assert.equal(decision.rejected, decision.interval[1] <= row.limit, what);
  }
});

// the bug this prevents: taking "not significantly above chance" for "gone"
test('few queries prove nothing, however few hits', () => {
  const setting = { chance: 0.1, margin: 0.05, alpha: 0.05 };
  assert.equal(removalTest({ ...setting, hits: 0, queries: 10 }).rejected, false);
  assert.equal(removalTest({ ...setting, hits: 10, queries: 200 }).rejected, true);
});

test('refusals count as hits: silence is no proof', () => {
  const setting = { queries: 200, chance: 0.1, margin: 0.05, alpha: 0.05 };
  const silent = removalTest({ ...setting, hits: 0, refused: 150 });
  assert.equal(silent.hits, 150);
  assert.equal(silent.rejected, false);
});

test('no more than alpha of models that still hold the mark pass', () => {
  assertCalibrated(0.05, 4000, random => {
    const hits = drawHits(random, 100, 0.2);
    return removalTest({ hits, queries: 100, chance: 0.1, margin: 0.1, alpha: 0.05 }).rejected;
  });
});

// the bug this prevents: the limit that protects the innocent from binomialTest lets the guilty pass here
test('an upper limit in place of the chance lets models pass that still hold the mark', () => {
  assertBroken(0.05, 100, random => {
    const models = Array.from({ length: 5 }, () => ({ hits: drawHits(random, 200, 0.1), queries: 200 }));
    const { chance } = estimateChance({ models, confidence: 0.99 });
    const hits = drawHits(random, 500, 0.2); // β is 0.1, the margin 0.1: still there
    const decision = removalTest({ hits, queries: 500, chance, margin: 0.1, alpha: 0.05 });
    assert.match(decision.assumptions[0], /not an upper limit, as of estimateChance/);
    return decision.rejected;
  });
});

test('wrong arguments name themselves', () => {
  const good = { hits: 3, queries: 30, chance: 0.1, margin: 0.1, alpha: 0.05 };
  const fails = (change: object, message: RegExp) =>
    assert.throws(() => removalTest({ ...good, ...change }), message);
  fails({ hits: 31 }, /removalTest: hits is 31, expected an integer in 0..30/);
  fails({ refused: 28 }, /removalTest: hits is 3, expected an integer in 0..2/);
  fails({ margin: 0.95 }, /removalTest: chance \+ margin is 1.05/);
});
