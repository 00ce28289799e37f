import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binomialTest } from '../../src/decide/binomial';
import { controlTest } from '../../src/decide/control';
import type { Decision } from '../../src/decide/decision';
import { decision, significant } from '../../src/decide/decision';
import { decoyTest } from '../../src/decide/decoys';
import { keysSequentialTest } from '../../src/decide/keys-sequential';
import { auditPower, planAudit, planKeys } from '../../src/decide/plan';
import { randomizationTest } from '../../src/decide/randomization';
import { removalTest } from '../../src/decide/removal';
import { sequentialTest } from '../../src/decide/sequential';
import { theoremTest } from '../../src/decide/theorem';

test('a decision is read-only and prints itself in one line', () => {
  const decision = theoremTest({ hits: 12, queries: 30, classes: 10, confidence: 0.95 });
  assert.throws(() => Object.assign(decision, { rejected: false }), TypeError);
  assert.equal(
    String(decision),
    'theoremTest: 12 of 30 hits (40.0 %), p = 0.00129 at alpha 0.05: evidence that the model was trained on the marked data',
  );
});

// the bug this prevents: alpha 1 − 1e-13 times the tolerance is above 1, and a p-value of 1 rejected
test('a tie with alpha rejects, p = 1 never does', () => {
  assert.equal(significant(0.1 ** 2, 0.01), true);
  assert.equal(significant(0.0100001, 0.01), false);
  for (const alpha of [0.5, 1 - 1e-13, 1, 2]) assert.equal(significant(1, alpha), false);
});

test('what a draft says of itself stands, the rest is filled in', () => {
  const draft = { method: 'm', nullHypothesis: 'n', assumptions: ['a'], statistic: 1, alpha: 0.05 };
  const filled = decision({ ...draft, pValue: 0.05 }, 'seen');
  assert.deepEqual([filled.rejected, filled.alternative], [true, 'the model was trained on the marked data']);
  const own = decision({ ...draft, pValue: 0.05, rejected: false, alternative: 'b' }, 'seen');
  assert.equal(String(own), 'm: seen, p = 0.05 at alpha 0.05: no evidence that b');
  assert.throws(() => (own.assumptions as string[]).push('another'), TypeError);
});

/** Every test and plan that takes a level, with arguments that are right but for it. */
const atLevel: Record<string, (alpha: number) => unknown> = {
  binomialTest: alpha => binomialTest({ hits: 3, queries: 30, chance: 0.1, alpha }),
  controlTest: alpha => controlTest({ predictions: [1], control: { predictions: [0] }, target: 1, alpha }),
  decoyTest: alpha => decoyTest({ score: 1, decoys: [0], alpha }),
  keysSequentialTest: alpha => keysSequentialTest({ classes: 2, alpha }).update([1, 0], 0),
  randomizationTest: alpha => randomizationTest({ votes: [[1, 0]], targets: [0], alpha }),
  removalTest: alpha => removalTest({ hits: 0, queries: 1, chance: 0.1, margin: 0.1, alpha }),
  sequentialTest: alpha => sequentialTest({ chance: 0.1, alpha }).update(true),
  theoremTest: alpha => theoremTest({ hits: 3, queries: 30, classes: 10, confidence: 1 - alpha }),
  planAudit: alpha => planAudit({ classes: 10, attackSuccessRate: 0.6, power: 0.9, alpha }),
  auditPower: alpha => auditPower({ classes: 10, attackSuccessRate: 0.6, queries: 9, alpha }),
  planKeys: alpha =>
    planKeys({ classes: 10, attackSuccessRate: 0.6, power: 0.9, queriesPerKey: 9, rowsPerKey: 9, alpha }),
};

// the bug this prevents: an accuser who chooses alpha 0.9 is right about nearly every innocent model
test('a level above one half, of 0, or of no number at all is refused by every test', () => {
  for (const [name, decide] of Object.entries(atLevel)) {
    for (const alpha of [0.9, 0.999999, 1, 0, -1, Number.NaN]) {
      assert.throws(() => decide(alpha), new RegExp(`^Error: ${name}: (alpha|confidence) is`), name);
    }
    assert.doesNotThrow(() => decide(0.5), name);
  }
});

test('every test states its null hypothesis and at least two assumptions in words', () => {
  for (const [name, decide] of Object.entries(atLevel)) {
    if (name.startsWith('plan') || name === 'auditPower') continue;
    const { method, nullHypothesis, assumptions } = decide(0.05) as Decision;
    assert.equal(method, name);
    assert.ok(nullHypothesis.length > 20 && assumptions.length >= 2, name);
  }
});
