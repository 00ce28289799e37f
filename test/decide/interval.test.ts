import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clopperPearson } from '../../src/decide/interval';
import { assertCalibrated, assertClose, drawHits } from './checks';
import golden from './golden.json';

// down to a chance of 1e-6 in a million queries, where a normal approximation is far off
test('intervals agree with R (binom.test)', () => {
  for (const row of golden.binomial) {
    const both = clopperPearson({ ...row, confidence: 1 - row.alpha });
    for (const i of [0, 1]) assertClose(both[i], row.two[i], 1e-9, JSON.stringify(row));
  }
});

test('the interval misses the true value with probability at most 1 − confidence', () => {
  for (const chance of [0.01, 0.3, 0.5]) {
    assertCalibrated(0.05, 2000, random => {
      const [low, high] = clopperPearson({
        hits: drawHits(random, 40, chance),
        queries: 40,
        confidence: 0.95,
      });
      return chance < low || chance > high;
    });
  }
});

test('wrong arguments name themselves', () => {
  const good = { hits: 1, queries: 2, confidence: 0.95 };
  assert.throws(() => clopperPearson({ ...good, confidence: 2 }), /clopperPearson: confidence is 2/);
  assert.throws(() => clopperPearson({ ...good, hits: 3 }), /clopperPearson: hits is 3/);
});
