import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accuracyCost, againstPeer, meanWithin } from '../../src/reproduce/comparisons';

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`);

test('a model is compared with the peer of its own seed', () => {
  // prevents means of unpaired runs, whose splits and marked rows differ
  const rows = [
    { id: 'a', seed: 0, testAccuracy: 0.6, attackSuccessRate: 0.2 },
    { id: 'a', seed: 0, testAccuracy: 0.6, attackSuccessRate: 0.4 },
    { id: 'b', seed: 1, testAccuracy: 0.7, attackSuccessRate: 0.5 },
  ];
  const peers = [
    { seed: 1, testAccuracy: 0.9, attackSuccessRate: 0.4 },
    { seed: 0, testAccuracy: 0.5, attackSuccessRate: 0.1 },
  ];
  const differences = againstPeer(rows, peers, 'attackSuccessRate');
  near(differences[0], 0.2);
  near(differences[1], 0.1);
  near(againstPeer(rows, peers, 'testAccuracy')[1], -0.2);
  assert.throws(() => againstPeer(rows, peers.slice(1), 'testAccuracy'), /seed 1 has no peer/);
});

test('the cost of marks compares models of one seed; a seed without its twin counts nowhere', () => {
  const rows = [
    { id: 'a', owners: 0, seed: 0, testAccuracy: 0.9 },
    { id: 'b', owners: 1, seed: 0, testAccuracy: 0.8 },
    { id: 'c', owners: 0, seed: 1, testAccuracy: 0.7 },
  ];
  const cost = accuracyCost(rows);
  assert.equal(cost.length, 1);
  near(cost[0], 0.1);
});

test('the interval of a mean is that of R', () => {
  // R: t.test(c(0.4, 0.35, 0.5))$conf.int gives 0.226937515 0.606395818
  const { mean, half } = meanWithin([0.4, 0.35, 0.5]);
  assert.ok(Math.abs(mean - half - 0.226937515) < 1e-8 && Math.abs(mean + half - 0.606395818) < 1e-8);
  assert.throws(() => meanWithin([1]), /1 values, expected at least 2/);
});
