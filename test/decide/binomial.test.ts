import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binomialTest } from '../../src/decide/binomial';
import { estimateChance } from '../../src/decide/chance';
import type { Random } from '../../src/random';
import { assertBroken, assertCalibrated, assertClose, drawHits } from './checks';
import golden from './golden.json';

// up to a million queries, down to 1e-300: 1 − cdf would be 0 from 1e-16 on
test('p-value and interval agree with R (binom.test)', () => {
  for (const row of golden.binomial) {
    const what = JSON.stringify(row);
    const decision = binomialTest(row);
    assertClose(decision.pValue, row.pValue, 1e-12, what);
    assertClose(decision.interval[0], row.lower, 1e-10, what);
    assert.equal(decision.interval[1], 1);
    assert.equal(decision.rejected, row.pValue <= row.alpha * (1 + 1e-12), what);
  }
});

// the bug this prevents: one reference kind of model, and an innocent suspect of another
test('with an estimated chance the assumptions name the references, and break the level where they fail', () => {
  const accused = (suspect: number) => (random: Random) => {
    const models = Array.from({ length: 5 }, () => ({ hits: drawHits(random, 200, 0.1), queries: 200 }));
    const chance = estimateChance({ models, confidence: 0.99 });
    const decision = binomialTest({
      hits: drawHits(random, 100, suspect),
      queries: 100,
      chance,
      alpha: 0.05,
    });
    assert.match(decision.assumptions[0], /exchangeable with the reference models .* \(5\)$/);
    return decision.rejected;
  };
  assertCalibrated(0.05, 1000, accused(0.1));
  assertBroken(0.05, 200, accused(0.3));
});

test('a p-value that equals alpha rejects, whatever the last bit says', () => {
  assert.equal(binomialTest({ hits: 2, queries: 2, chance: 0.1, alpha: 0.01 }).rejected, true);
});

test('the interval excludes the chance exactly when the test rejects; p falls as hits rise', () => {
  let previous = Number.POSITIVE_INFINITY;
  for (let hits = 0; hits <= 50; hits++) {
    const { pValue, rejected, interval } = binomialTest({ hits, queries: 50, chance: 0.13, alpha: 0.01 });
    assert.equal(rejected, interval[0] >= 0.13);
    assert.ok(pValue < previous);
    previous = pValue;
  }
});

test('no more than alpha of innocent models are accused', () => {
  for (const chance of [1 / 2, 1 / 10, 1 / 100]) {
    assertCalibrated(0.05, 4000, random => {
      const hits = drawHits(random, 30, chance);
      return binomialTest({ hits, queries: 30, chance, alpha: 0.05 }).rejected;
    });
  }
});

test('wrong arguments name themselves', () => {
  const good = { hits: 3, queries: 30, chance: 0.1, alpha: 0.05 };
  const fails = (change: object, message: RegExp) =>
    assert.throws(() => binomialTest({ ...good, ...change }), message);
  fails({ hits: 31 }, /binomialTest: hits is 31, expected an integer in 0..30/);
  fails({ queries: 0, hits: 0 }, /binomialTest: queries is 0, expected an integer of at least 1/);
  fails({ chance: 0 }, /binomialTest: chance is 0, expected a number in \(0, 1\)/);
  fails({ alpha: 1 }, /binomialTest: alpha is 1/);
  fails({ alpha: '0.05' }, /binomialTest: alpha is '0.05'/);
});
