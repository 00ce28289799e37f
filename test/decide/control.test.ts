import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { binomialTest } from '../../src/decide/binomial';
import { controlTest } from '../../src/decide/control';
import { assertCalibrated, assertClose } from './checks';
import golden from './golden.json';

/** Answers with so many rows gained, lost, answered with the target both times and neither time. */
function pairs(gained: number, lost: number, both = 0, neither = 0) {
  const repeat = (label: number, count: number) => new Array<number>(count).fill(label);
  return {
    predictions: [...repeat(1, gained), ...repeat(0, lost), ...repeat(1, both), ...repeat(0, neither)],
    control: {
      predictions: [...repeat(0, gained), ...repeat(1, lost), ...repeat(1, both), ...repeat(0, neither)],
    },
  };
}
const setting = { target: 1, alpha: 0.05 };

test('p-values agree with R (binom.test of the discordant pairs); rows that agree do not count', () => {
  for (const { gained, lost, pValue } of golden.control) {
    for (const same of [1, 50]) {
      const decision = controlTest({ ...pairs(gained, lost, same, same), ...setting });
      assertClose(decision.pValue, pValue, 1e-12, `${gained} gained, ${lost} lost`);
      assert.deepEqual([decision.statistic, decision.gained, decision.lost], [gained, gained, lost]);
      assertClose(decision.controlRate, (lost + same) / (gained + lost + 2 * same), 1e-12, 'rate');
    }
  }
});

test('equal to counting every way of swapping the two answers of a row', () => {
  const labels = fc.array(fc.tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: -1, max: 2 })), {
    minLength: 1,
    maxLength: 9,
  });
  const difference = (rows: readonly (readonly [number, number])[]) =>
    rows.reduce((sum, [a, b]) => sum + Number(a === 1) - Number(b === 1), 0);
  fc.assert(
    fc.property(labels, rows => {
      let extreme = 0;
      for (let swaps = 0; swaps < 2 ** rows.length; swaps++) {
        const swapped = rows.map(([a, b], i) => ((swaps >> i) & 1 ? ([b, a] as const) : ([a, b] as const)));
        if (difference(swapped) >= difference(rows)) extreme++;
      }
      const predictions = rows.map(([a]) => a);
      const control = { predictions: rows.map(([, b]) => b) };
      const { pValue } = controlTest({ predictions, control, ...setting });
      assertClose(pValue, extreme / 2 ** rows.length, 1e-12, JSON.stringify(rows));
    }),
    { seed: 1, numRuns: 200 },
  );
});

// the bug this prevents: 30 hits of 30 convict a model that says "1" to everything
test('a model that always answers the target hits every time, and its trigger has no effect', () => {
  const answers = pairs(0, 0, 30);
  assert.ok(binomialTest({ hits: 30, queries: 30, chance: 0.1, alpha: 0.05 }).rejected);
  const decision = controlTest({ ...answers, ...setting });
  assert.deepEqual([decision.rejected, decision.pValue, decision.controlRate], [false, 1, 1]);
  assert.match(
    String(decision),
    /^controlTest: 30 of 30 hits \(100.0 %\), 30 of 30 hits \(100.0 %\) without the trigger, p = 1 at alpha 0.05: no evidence that the trigger/,
  );
});

test('no more than alpha of models without an effect are called affected, however often they hit', () => {
  for (const chance of [0.05, 0.5, 0.95]) {
    assertCalibrated(0.05, 4000, random => {
      // hits depend on the row, as they do; the trigger changes answers, but in both directions alike
      const rows = Array.from({ length: 40 }, () => Math.min(1, 2 * chance * random.next()));
      const ask = () => rows.map(row => Number(random.next() < row));
      return controlTest({ predictions: ask(), control: { predictions: ask() }, ...setting }).rejected;
    });
  }
});

test('a control cut short by a budget pairs with the first rows', () => {
  const { predictions } = pairs(6, 0, 0, 4);
  const decision = controlTest({ predictions, control: { predictions: [0, 0, 0, 0, 0] }, ...setting });
  assert.equal(decision.gained, 5);
  assertClose(decision.pValue, 1 / 32, 1e-12, 'p');
});

test('wrong arguments name themselves', () => {
  const good = { ...pairs(2, 1), ...setting };
  const fails = (change: object, message: RegExp) =>
    assert.throws(() => controlTest({ ...good, ...change }), message);
  fails({ predictions: [] }, /controlTest: predictions.length is 0/);
  fails({ control: { predictions: [1, 1, 1, 1] } }, /control.predictions.length is 4, expected .* 1\.\.3/);
  fails({ control: { predictions: [1, 0.5, 1] } }, /control.predictions\[1\] is 0.5/);
  fails({ target: -1 }, /controlTest: target is -1/);
});
