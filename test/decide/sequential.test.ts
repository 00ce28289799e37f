import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planAudit } from '../../src/decide/plan';
import { logEValue, type SequentialDecision, sequentialTest } from '../../src/decide/sequential';
import { Random } from '../../src/random';
import { assertBroken, assertCalibrated, assertClose } from './checks';
import golden from './golden-exact.json';

test('e-values agree with quadrature, to a million queries and a chance of 1e-6', () => {
  for (const row of golden.logE) {
    const error = Math.abs(logEValue(row.hits, row.queries, row.chance) - row.log);
    assert.ok(error < 1e-12, `${JSON.stringify(row)}: off by ${error}`);
  }
});

test('the e-value of a model at the chance itself is 1 on average: exactly, by summing over all outcomes', () => {
  for (const chance of [0.01, 0.1, 0.5]) {
    let mean = 0;
    let probability = (1 - chance) ** 40;
    for (let hits = 0; hits <= 40; hits++) {
      mean += probability * Math.exp(logEValue(hits, 40, chance));
      probability *= (((40 - hits) / (hits + 1)) * chance) / (1 - chance);
    }
    assertClose(mean, 1, 1e-11, `chance ${chance}`);
  }
});

test('p is the inverse of the largest e-value, and a rejection stays', () => {
  const { update } = sequentialTest({ chance: 0.1, alpha: 0.05 });
  let last: SequentialDecision | undefined;
  let largest = 1;
  for (let query = 0; query < 400; query++) {
    last = update(query < 6);
    largest = Math.max(largest, last.eValue);
    assertClose(last.pValue, 1 / largest, 1e-12, `query ${query}`);
    assert.equal(last.rejected, largest >= 20);
  }
  assert.ok(last?.rejected && last.eValue < 1, 'rejected early, not by the present e-value');
  assert.match(
    String(last),
    /^sequentialTest: 6 of 400 hits \(1.5 %\), e = \S+, p = \S+ at alpha 0.05: evidence/,
  );
});

// the bug this prevents: a fixed-sample test looked at after every query accuses far more than alpha
test('no more than alpha of innocent models are ever accused, looking after each of 200 queries', () => {
  for (const chance of [0.1, 0.5]) {
    assertCalibrated(0.05, 600, random => {
      const { update } = sequentialTest({ chance, alpha: 0.05 });
      for (let query = 0; query < 200; query++) if (update(random.next() < chance).rejected) return true;
      return false;
    });
  }
});

// the assumption that the docstring names
test('easy rows that come first break the level', () => {
  assertBroken(0.05, 400, random => {
    const { update } = sequentialTest({ chance: 0.1, alpha: 0.05 });
    for (let query = 0; query < 200; query++) {
      if (update(random.next() < (query < 20 ? 0.5 : 0.05)).rejected) return true;
    }
    return false;
  });
});

test('marked models are found with fewer queries than a plan that knows their rate', () => {
  for (const rate of [0.2, 0.4, 0.6, 0.8]) {
    const random = new Random(8);
    const { queries: planned } = planAudit({
      classes: 10,
      alpha: 0.01,
      attackSuccessRate: rate,
      power: 0.95,
    });
    let total = 0;
    for (let run = 0; run < 200; run++) {
      const { update } = sequentialTest({ chance: 0.1, alpha: 0.01 });
      do total++;
      while (!update(random.next() < rate).rejected);
    }
    assert.ok(total / 200 < 0.8 * planned, `rate ${rate}: ${total / 200} on average, ${planned} planned`);
  }
});

test('wrong arguments name themselves', () => {
  assert.throws(() => sequentialTest({ chance: 0, alpha: 0.05 }), /sequentialTest: chance is 0/);
  assert.throws(() => sequentialTest({ chance: 0.1, alpha: 5 }), /sequentialTest: alpha is 5/);
  const { update } = sequentialTest({ chance: 0.1, alpha: 0.05 });
  assert.throws(() => update(1 as unknown as boolean), /sequentialTest: hit is 1, expected true or false/);
});
