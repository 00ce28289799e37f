import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanChoices } from '../../src/claim/key';
import { privateCommitments } from './attacks';
import { choices } from './fixtures';
import { mutateEvidence } from './mutations';
import { attackTable, falseAccusations, honestClaims, LEVELS, mostExpected } from './simulations';

const TRIES = 200;
const RUNS = 10_000;

test('attacks: how often the old rule and the verifier accept', async t => {
  for (const { name, setting, old, now } of await attackTable(TRIES)) {
    t.diagnostic(`${name} (${setting}): old ${old}, now ${now} of ${TRIES}`);
    // an innocent model is accused at the verifier's level, 0.01, whatever the attack
    assert.ok(old > 0.05 * TRIES && now <= mostExpected(0.01, TRIES), `${name}: ${old}, now ${now}`);
  }
});

test('attacks: the best of 1,000 private commitments', async t => {
  let [old, now] = [0, 0];
  for (let seed = 0; seed < 40; seed++) {
    const found = await privateCommitments(1000 + seed, 1000);
    old += Number(found.old);
    now += Number(found.now);
  }
  t.diagnostic(`private commitments (the best of 1,000 is shown): old ${old}, now ${now} of 40`);
  assert.ok(old > 30 && now === 0);
});

test('honest claims: share that holds by attack success rate and noise', async t => {
  for (const [rate, least] of [
    [0.2, 0],
    [0.4, 0.85],
    [0.8, 0.99],
  ]) {
    for (const noise of [0, 0.05, 0.1]) {
      const held = await honestClaims(TRIES, rate, noise);
      t.diagnostic(`attack success rate ${rate}, noise ${noise}: ${held} of ${TRIES} hold`);
      assert.ok(held >= least * TRIES, `${held} of ${TRIES}`);
    }
  }
});

const VARIANTS: readonly [string, Partial<PlanChoices>][] = [
  ['8 keys × 20 questions, one group', { groups: 1 }],
  [
    '4 keys × 10 questions, the best of 4 groups',
    { groups: 4, queriesPerKey: 10, marks: { ...choices.marks, keys: 4 } },
  ],
  ['8 keys × 20 questions, sequential, one group', { groups: 1, test: 'keys-sequential' }],
];
for (const [name, changes] of VARIANTS) {
  test(`false accusations: ${name}`, async t => {
    const held = await falseAccusations(RUNS, changes);
    held.forEach((count, i) => {
      t.diagnostic(`${name}, level ${LEVELS[i]}: ${count} of ${RUNS} innocents accused`);
      assert.ok(count <= mostExpected(LEVELS[i], RUNS), `${count} of ${RUNS} at ${LEVELS[i]}`);
    });
  });
}

test('mutated evidence: 10,000 files', async t => {
  const { read, held } = await mutateEvidence(10_000, 2);
  t.diagnostic(`10,000 mutations: ${read} read as evidence, ${held} hold, all with the same meaning`);
  assert.ok(read > 400 && held < read, `${read} read, ${held} hold`);
  const { rss } = process.memoryUsage();
  assert.ok(rss < 2 ** 30, `${Math.round(rss / 2 ** 20)} MiB`);
});
