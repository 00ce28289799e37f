import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countVotes, randomizationTest } from '../../src/decide/randomization';
import { Random } from '../../src/random';
import { assertBroken, assertCalibrated, assertClose, drawVotes } from './checks';
import golden from './golden-exact.json';

// an FFT, or 1 − cdf, would be noise from 1e-16 on
test('tails agree with integer arithmetic, down to 1e-110', () => {
  for (const { votes, targets, pValue } of golden.randomization) {
    assertClose(
      randomizationTest({ votes, targets, alpha: 0.05 }).pValue,
      pValue,
      1e-12,
      `${votes.length} keys`,
    );
  }
});

test('equal to counting every choice of labels', () => {
  const cases = fc
    .record({ keys: fc.integer({ min: 1, max: 4 }), classes: fc.integer({ min: 2, max: 5 }) })
    .chain(({ keys, classes }) =>
      fc.record({
        votes: fc.array(fc.array(fc.nat(9), { minLength: classes, maxLength: classes }), {
          minLength: keys,
          maxLength: keys,
        }),
        targets: fc.array(fc.nat(classes - 1), { minLength: keys, maxLength: keys }),
      }),
    );
  fc.assert(
    fc.property(cases, ({ votes, targets }) => {
      let sums = [0];
      for (const row of votes) sums = sums.flatMap(sum => row.map(vote => sum + vote));
      const { statistic, pValue } = randomizationTest({ votes, targets, alpha: 0.05 });
      assertClose(pValue, sums.filter(sum => sum >= statistic).length / sums.length, 1e-12, 'p');
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('when every key hits, p is the smallest possible, K^−J, and a tie with alpha rejects', () => {
  const row = [0, 0, 0, 0, 0, 0, 0, 7, 1, 0];
  const decide = (keys: number, alpha: number) =>
    randomizationTest({ votes: new Array(keys).fill(row), targets: new Array(keys).fill(7), alpha });
  for (const keys of [1, 2, 16, 64])
    assertClose(decide(keys, 0.05).pValue, 10 ** -keys, 1e-12, `${keys} keys`);
  assert.ok(decide(2, 0.01).rejected);
  assert.equal(decide(1, 0.05).rejected, false);
  assert.equal(decide(400, 0.05).pValue, 1e-300);
});

test('64 keys, 1,000 classes, 1,000 queries a key', () => {
  const random = new Random(4);
  const votes = Array.from({ length: 64 }, () => drawVotes(random, 1000, 1000, 5, 0.3));
  const { pValue } = randomizationTest({ votes, targets: new Array(64).fill(5), alpha: 0.05 });
  assert.ok(pValue > 0 && pValue < 1e-6, String(pValue));
});

test('innocent models are not accused, whatever class they prefer; marked ones are', () => {
  const run = (random: Random, learnt: number) => {
    const targets = Array.from({ length: 6 }, () => random.integer(10));
    const votes = targets.map((target, j) => drawVotes(random, 10, 5 + 5 * j, target, learnt));
    return randomizationTest({ votes, targets, alpha: 0.05 }).rejected;
  };
  assertCalibrated(0.05, 4000, random => run(random, 0));
  const random = new Random(6);
  let found = 0;
  for (let i = 0; i < 200; i++) if (run(random, 0.6)) found++;
  assert.ok(found > 180, `${found} of 200 marked models found`);
});

// the assumptions that the docstring names
test('probes chosen by label, or a number of keys that is not fixed, break the level', () => {
  assertBroken(0.05, 200, random => {
    // an accurate model asked about samples of class y_j
    const targets = Array.from({ length: 3 }, () => random.integer(10));
    const votes = targets.map(target => drawVotes(random, 10, 20, target, 0.9));
    return randomizationTest({ votes, targets, alpha: 0.05 }).rejected;
  });
  assertBroken(0.05, 1000, random => {
    const votes: number[][] = [];
    const targets: number[] = [];
    while (votes.length < 12) {
      votes.push(drawVotes(random, 10, 20));
      targets.push(random.integer(10));
      if (randomizationTest({ votes, targets, alpha: 0.05 }).rejected) return true;
    }
    return false;
  });
});

test('answers are counted by label, refusals not at all', () => {
  assert.deepEqual([...countVotes(Int32Array.of(2, 0, -1, 2, -1), 3)], [1, 0, 2]);
  assert.throws(() => countVotes([0, -2], 3), /countVotes: answers\[1\] is -2/);
  assert.throws(() => countVotes([0, 3], 3), /countVotes: answers\[1\] is 3, expected a label in 0..2/);
});

test('wrong arguments name themselves', () => {
  const fails = (votes: number[][], targets: number[], message: RegExp) =>
    assert.throws(() => randomizationTest({ votes, targets, alpha: 0.05 }), message);
  fails([], [], /randomizationTest: votes.length is 0/);
  fails([[1, 2]], [0, 1], /targets.length is 2, expected 1/);
  fails([[1, 2], [1]], [0, 0], /votes\[1\].length is 1, expected 2/);
  fails([[1, -2]], [0], /votes\[0\]\[1\] is -2/);
  fails([[1, 2]], [2], /targets\[0\] is 2, expected a label in 0..1/);
});
