import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runsOf } from '../../src/reproduce/experiments';
import { makeDecoys, makeOwners } from '../../src/reproduce/owners';
import type { Run } from '../../src/reproduce/run';

const [run] = runsOf('owners', 'quick');
const shape = [28, 28, 1];

const owners = (change: Partial<Run>) => makeOwners({ ...run, ...change }, shape, 10);

test('labels don’t collide while there are classes left, and may where they are drawn independently', () => {
  const targets = (change: Partial<Run>) => owners(change).map(owner => owner.target);
  assert.equal(new Set(targets({ owners: 8, outsiders: 2, target: 'distinct' })).size, 10);
  const twenty = targets({ owners: 20, outsiders: 0, target: 'distinct' });
  for (let label = 0; label < 10; label++) assert.equal(twenty.filter(target => target === label).length, 2);
  assert.ok(new Set(targets({ owners: 20, outsiders: 0, target: 'independent' })).size < 10);
  assert.deepEqual(targets({ owners: 1, outsiders: 1, target: 7 }), [7, 7]);
});

test('every owner has a pattern of her own, the same however many others there are', () => {
  const five = owners({ owners: 5 });
  assert.equal(new Set(five.map(({ trigger }) => String(trigger.values))).size, 5 + run.outsiders);
  assert.deepEqual(
    owners({ owners: 3, outsiders: 0 }).map(o => o.trigger),
    five.slice(0, 3).map(o => o.trigger),
  );
});

test('decoys are drawn like the trigger, at its place, and none is the trigger', () => {
  // a decoy equal to the trigger would score as it does, and a mark would never be found
  const asked = { ...run, owners: 1, outsiders: 1, decoys: 30 };
  const own = makeOwners(asked, shape, 10).map(({ trigger }) => trigger);
  const all = [0, 1].flatMap(owner => makeDecoys(asked, shape, owner));
  assert.equal(all.length, 60);
  assert.ok(all.every(({ positions }) => positions.join() === own[0].positions.join()));
  assert.equal(new Set([...own, ...all].map(({ values }) => values.join())).size, 62);
});
