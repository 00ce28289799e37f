import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binomialTest } from '../../src/decide/binomial';
import { auditPower, planAudit, planKeys } from '../../src/decide/plan';
import { assertClose } from './checks';
import golden from './golden.json';

test('plans agree with R (qbinom, pbinom)', () => {
  for (const row of golden.plan) {
    const what = JSON.stringify(row);
    const plan = planAudit(row);
    assert.deepEqual([plan.queries, plan.hits], [row.queries, row.hits], what);
    assertClose(plan.power, row.achieved, 1e-12, what);
    assert.deepEqual(auditPower({ ...row, queries: plan.queries }), plan);
  }
});

test('the plan is what binomialTest does', () => {
  const setting = { chance: 0.03, alpha: 0.01 };
  for (let queries = 1; queries < 60; queries++) {
    const { hits, power } = auditPower({ ...setting, queries, attackSuccessRate: 0.5 });
    if (hits <= queries) assert.ok(binomialTest({ ...setting, hits, queries }).rejected);
    else assert.equal(power, 0);
    assert.ok(!binomialTest({ ...setting, hits: hits - 1, queries }).rejected);
  }
});

test('keys: one query a key makes a plan of draws at chance 1/K', () => {
  const setting = { classes: 10, alpha: 1e-6, power: 0.9, attackSuccessRate: 0.8 };
  const keys = planKeys({ ...setting, queriesPerKey: 1, rowsPerKey: 20 });
  const plan = planAudit(setting);
  assert.deepEqual([keys.keys, keys.hits, keys.rows], [plan.queries, plan.hits, 20 * plan.queries]);
  assertClose(keys.power, plan.power, 1e-12, 'power');
  assert.equal(keys.smallestPValue, 10 ** -plan.queries);
  assert.ok(planKeys({ ...setting, queriesPerKey: 15, rowsPerKey: 20 }).keys < plan.queries);
});

// the bug this prevents: the mean rate in place of the rates promised 95 % where four of five trainings were found
test('several pilot rates: power is the mean over them (R)', () => {
  for (const row of golden.pilots) {
    const what = JSON.stringify(row);
    const plan = planAudit(row);
    assert.deepEqual([plan.queries, plan.hits], [row.queries, row.hits], what);
    assertClose(plan.power, row.achieved, 1e-12, what);
    assert.deepEqual(auditPower({ ...row, queries: plan.queries }), plan);
  }
  const mean = auditPower({ classes: 10, alpha: 0.05, queries: 30, attackSuccessRate: 0.5 });
  const rates = auditPower({
    classes: 10,
    alpha: 0.05,
    queries: 30,
    attackSuccessRate: [0.9, 0.9, 0.9, 0, 0, 0.3],
  });
  assert.ok(mean.power > 0.99 && rates.power < 0.7);
});

test('wrong arguments name themselves', () => {
  const good = { classes: 10, alpha: 0.05, power: 0.9, attackSuccessRate: 0.6 };
  const fails = (change: object, message: RegExp) =>
    assert.throws(() => planAudit({ ...good, ...change }), message);
  fails({ classes: 1 }, /planAudit: classes is 1/);
  fails({ attackSuccessRate: 0.1 }, /attackSuccessRate is 0.1, expected more than the chance 0.1, at most 1/);
  fails({ attackSuccessRate: [0.5, 1.5] }, /attackSuccessRate\[1\] is 1.5, expected a number in \[0, 1\]/);
  fails({ attackSuccessRate: [] }, /attackSuccessRate is \[\], expected more than the chance/);
  // one pilot of two whose marks were not learnt: no number of queries detects nine in ten
  fails(
    { attackSuccessRate: [0.9, 0.01] },
    /\[0.9,0.01\], expected one that 100000 queries can find with power/,
  );
  fails({ power: 1 }, /planAudit: power is 1/);
  fails(
    { attackSuccessRate: 0.1001 },
    /attackSuccessRate is 0.1001, expected one that 100000 queries can find/,
  );
  assert.throws(() => auditPower({ ...good, queries: 0 }), /auditPower: queries is 0/);
  assert.throws(() => planKeys({ ...good, queriesPerKey: 0, rowsPerKey: 1 }), /planKeys: queriesPerKey is 0/);
  const keys = { ...good, queriesPerKey: 9, rowsPerKey: 1 };
  assert.throws(() => planKeys({ ...keys, alpha: 5 }), /planKeys: alpha is 5/);
  assert.throws(() => planKeys({ ...keys, attackSuccessRate: 0.2 }), /planKeys: attackSuccessRate is 0.2/);
});
