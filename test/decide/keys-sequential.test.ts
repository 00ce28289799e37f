import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysSequentialTest } from '../../src/decide/keys-sequential';
import type { SequentialDecision } from '../../src/decide/sequential';
import { assertCalibrated, assertClose, drawVotes } from './checks';

test('all of J hit gives p of about (J+1)/K^J; a tie for the lead is a miss', () => {
  const { update } = keysSequentialTest({ classes: 10, alpha: 0.05 });
  const votes = [0, 3, 9, 0, 0, 0, 0, 0, 0, 0];
  let last: SequentialDecision | undefined;
  for (let key = 0; key < 8; key++) last = update(votes, 2);
  assertClose(last?.pValue ?? 0, (9 * 0.9) / 1e8, 1e-6, 'p');
  assert.equal(update([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], 0).hits, 8);
  assert.equal(update(new Array(10).fill(0), 0).hits, 8, 'all refused');
});

test('no more than alpha of innocent models are ever accused, looking after each of 40 keys', () => {
  assertCalibrated(0.05, 2000, random => {
    const { update } = keysSequentialTest({ classes: 3, alpha: 0.05 });
    for (let key = 0; key < 40; key++) {
      if (update(drawVotes(random, 3, 9), random.integer(3)).rejected) return true;
    }
    return false;
  });
});

test('wrong arguments name themselves', () => {
  const keys = keysSequentialTest({ classes: 3, alpha: 0.05 });
  assert.throws(() => keys.update([1, 2], 0), /keysSequentialTest: votes.length is 2/);
  assert.throws(() => keys.update([1, 2, 0], 3), /keysSequentialTest: target is 3/);
});
