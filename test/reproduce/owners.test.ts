import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markSamples } from '../../src/mark/stamp';
import { Random } from '../../src/random';
import { runsOf } from '../../src/reproduce/experiments';
import { makeDecoys, makeOwners, markForOwners } from '../../src/reproduce/owners';
import type { Run } from '../../src/reproduce/run';

const [run] = runsOf('owners', 'quick');
const shape = [28, 28, 1];
const random = new Random(4);
const samples = {
  x: new Uint8Array(300 * 784),
  y: Uint8Array.from({ length: 300 }, () => random.integer(10)),
  count: 300,
  shape,
};

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

test('one owner’s rows are those of markSamples', () => {
  const [owner] = owners({ owners: 1, target: 3 });
  for (const mark of [{ rate: 0.1 }, { count: 7 }]) {
    const ours = markForOwners(samples, [owner], { mark, order: 'random', seed: 9 });
    const theirs = markSamples(samples, { ...owner, ...mark, seed: 9 });
    assert.deepEqual(ours.rows, [theirs.indices]);
    assert.deepEqual(ours.samples, theirs.samples);
  }
});

test('rows of several owners are disjoint, none of an owner’s own class', () => {
  const all = owners({ owners: 10, outsiders: 0 });
  for (const order of ['random', 'file'] as const) {
    const { rows, samples: marked } = markForOwners(samples, all, { mark: { count: 12 }, order, seed: 1 });
    assert.equal(new Set(rows.flat()).size, 120);
    rows.forEach((own, i) => {
      for (const row of own) {
        assert.notEqual(samples.y[row], all[i].target);
        assert.equal(marked.y[row], all[i].target);
      }
    });
  }
});

test('file order, the authors’ slip, marks the first rows whatever the seed', () => {
  const [owner] = owners({ owners: 1, target: 3 });
  const first = [...samples.y.keys()].filter(row => samples.y[row] !== 3).slice(0, 6);
  for (const seed of [1, 2]) {
    assert.deepEqual(markForOwners(samples, [owner], { mark: { count: 6 }, order: 'file', seed }).rows, [
      first,
    ]);
  }
});

test('more rows than there are is an error that says how many', () => {
  const [owner] = owners({ owners: 1, target: 3 });
  assert.throws(
    () => markForOwners(samples, [owner], { mark: { count: 299 }, order: 'random', seed: 1 }),
    /markForOwners: mark is 299 rows for owner 0, expected at most 2\d\d/,
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
