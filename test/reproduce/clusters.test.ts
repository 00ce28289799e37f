import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/random';
import { byModel, clusteredMean } from '../../src/reproduce/clusters';

test('lines of one model stay together', () => {
  const rows = [
    { id: 'a', owner: 0 },
    { id: 'b', owner: 0 },
    { id: 'a', owner: 1 },
  ];
  assert.deepEqual(
    byModel(rows).map(group => group.map(({ id, owner }) => `${id}${owner}`)),
    [['a0', 'a1'], ['b0']],
  );
});

test('the interval covers the mean of groups that differ, where one over single values does not', () => {
  // prevents an interval that takes owners who share a model for independent ones
  const random = new Random(3, 'worlds');
  let [covered, naive] = [0, 0];
  const worlds = 300;
  for (let world = 0; world < worlds; world++) {
    // 30 models, each accuses with a chance of its own, 0.1 in the mean; ten owners a model
    const groups = Array.from({ length: 30 }, () => {
      const chance = random.next() < 0.2 ? 0.5 : 0;
      return Array.from({ length: 10 }, () => Number(random.next() < chance));
    });
    const { mean, low, high } = clusteredMean(groups, { seed: world });
    if (low <= 0.1 && 0.1 <= high) covered++;
    if (Math.abs(mean - 0.1) <= 1.96 * Math.sqrt((mean * (1 - mean)) / 300)) naive++;
  }
  assert.ok(covered / worlds > 0.88, `covered ${covered} of ${worlds}`);
  assert.ok(naive / worlds < 0.8, `naive ${naive} of ${worlds}`);
});

test('the same seed gives the same interval; no values are an error', () => {
  const groups = [
    [1, 1, 0],
    [0, 0],
  ];
  assert.deepEqual(clusteredMean(groups, { seed: 1 }), clusteredMean(groups, { seed: 1 }));
  assert.deepEqual(clusteredMean(groups, { seed: 1 }), { mean: 0.4, low: 0, high: 2 / 3 });
  assert.throws(() => clusteredMean([[1], []], { seed: 1 }), /groups are empty/);
});
