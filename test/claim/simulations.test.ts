import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackTable, falseAccusations, honestClaims, LEVELS, mostExpected } from './simulations';

// small versions of simulations.long.test.ts

// each attack convicted innocents when the owner's recorded answers decided
test('attacks that the old rule let through are stopped', async t => {
  for (const { name, setting, old, now } of await attackTable(6)) {
    t.diagnostic(`${name} (${setting}): old ${old}, now ${now} of 6`);
    assert.ok(old > 0, `${name}: the attack does not even work on the old rule`);
    assert.equal(now, 0, name);
  }
});

// a verifier that were never convinced would pass every other test
test('honest claims hold, noise or not', async () => {
  for (const noise of [0, 0.1]) {
    assert.ok((await honestClaims(20, 0.8, noise)) >= 19, `0.8, noise ${noise}`);
    assert.ok((await honestClaims(20, 0.4, noise)) >= 15, `0.4, noise ${noise}`);
  }
});

test('innocents with habits are accused no more often than the level says', async () => {
  const runs = 400;
  const held = await falseAccusations(runs, { groups: 1 });
  held.forEach((count, i) => {
    assert.ok(count <= mostExpected(LEVELS[i], runs), `${count} of ${runs} at ${LEVELS[i]}`);
  });
});
