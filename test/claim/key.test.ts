import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { deriveGroup, type MarkKey } from '../../src/claim/derive';
import {
  createKey,
  deriveKeys,
  hashSamples,
  keyCollisions,
  markWithKeys,
  OwnerKey,
} from '../../src/claim/key';
import { commitmentOf, type Plan } from '../../src/claim/key-plan';
import { sha256 } from '../../src/files';
import { stamp } from '../../src/mark/stamp';
import { rowSize, type Samples } from '../../src/types';
import golden from './golden-keys.json';

const plan = golden[0].plan as Plan;
const secret = golden[0].secret;
const { randomness } = golden[0];

function blank(count: number, shape: readonly number[]): Samples {
  return { x: new Uint8Array(count * rowSize(shape)), y: new Uint8Array(count), count, shape };
}

const { classNames } = plan.data;
const data = { classNames, train: blank(1000, [8, 9, 3]), test: blank(300, [8, 9, 3]) };
const { marks, queriesPerKey, control, alpha, leastAccuracy, beacon } = plan;
const choices = { marks, queriesPerKey, control, alpha, leastAccuracy, beacon };

/** Keys of a plan with other fields, whose only group has the first vector's secret. */
function derived(changes: Partial<Plan> = {}, randomness = golden[0].randomness): readonly MarkKey[] {
  return deriveGroup({ ...plan, ...changes }, 0, secret, randomness).keys;
}

golden.forEach((expected, i) => {
  // an implementation in another language must come to the same keys
  test(`vector ${i}: commitment, keys, control and order are those that Python derives`, () => {
    const { secret, plan, group, randomness, commitment, ...derived } = expected;
    assert.equal(commitmentOf(plan as Plan), commitment);
    assert.deepEqual(deriveGroup(plan as Plan, group, secret, randomness), derived);
  });
});

// the committed vectors must be what the script says, not what the library once said
test('python3 prints the committed vectors', t => {
  const script = join(__dirname, '../../../test/claim/key_vectors.py');
  const python = spawnSync('python3', [script], { encoding: 'utf8' });
  if (python.error) return t.skip('python3 is not installed');
  assert.equal(python.status, 0, python.stderr);
  assert.deepEqual(JSON.parse(python.stdout), golden);
});

// an owner who could change one of them after the beacon would draw keys until some fit
test('one changed bit of secret, plan, group or public randomness changes every stream', () => {
  const keys = derived();
  const others = [
    deriveGroup(plan, 0, secret.replace(/.$/, '0'), randomness).keys,
    deriveGroup(plan, 1, secret, randomness).keys,
    derived({ alpha: 0.002 }),
    derived({}, randomness.replace(/.$/, '0')),
  ];
  for (const other of others) {
    const same = other.filter((key, j) => key.rows.some(row => keys[j].rows.includes(row)));
    assert.ok(same.length < 3, 'rows of another derivation coincide');
    assert.notDeepEqual(
      other.map(key => key.target),
      keys.map(key => key.target),
    );
    assert.notDeepEqual(other[0].trigger.values, keys[0].trigger.values);
    assert.notDeepEqual(other[0].probes, keys[0].probes);
  }
});

// a group that shared rows or places with another could not be opened without showing it
test('rows and cells are disjoint within and between groups, probes distinct within a key', () => {
  const trigger = { family: 'square' as const, size: 2, fill: 'noise' as const, opacity: 1 };
  const key = createKey(data, { ...choices, marks: { ...marks, trigger, keys: 4 }, groups: 4 });
  const groups = key.plan.groups.map((_, g) => deriveKeys(key, g, randomness));
  const all = groups.flat();
  assert.equal(new Set(all.flatMap(each => each.rows)).size, 64);
  assert.deepEqual(keyCollisions(all), { pairs: 0, cells: 0, equalCells: 0 });
  for (const { probes } of all) assert.equal(new Set(probes).size, 5);
});

// the exact test rests on this: chi-square against its 0.999 quantile for 6 degrees of freedom, 22.46.
// K = 7 does not divide 2³², so a plain remainder of bytes would show
test('target labels are uniform over the classes', () => {
  const counts = new Array(7).fill(0);
  const seven = { ...plan.data, rows: 2000, classNames: classNames.slice(0, 7) };
  for (let i = 0; i < 40; i++) {
    const changes = { data: seven, marks: { ...marks, keys: 100, rowsPerKey: 1 } };
    for (const { target } of derived(changes, sha256(`beacon ${i}`))) counts[target]++;
  }
  const expected = 4000 / 7;
  const statistic = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert.ok(statistic < 22.46, `chi-square ${statistic} of ${counts}`);
});

test('triggers do not overlap while there are places enough, and the measure tells when they do', () => {
  const few = derived({ marks: { ...marks, keys: 6 } });
  assert.deepEqual(keyCollisions(few), { pairs: 0, cells: 0, equalCells: 0 });
  // 8 × 9 pixels hold six squares of 3 × 3, so twelve keys use each place twice
  const { pairs, cells, equalCells } = keyCollisions(derived());
  assert.deepEqual([pairs, cells], [6, 27]);
  // nine random pixels, three channels each
  assert.ok(equalCells < 27, `${equalCells} of 27 cells equal`);
});

test('markWithKeys stamps and relabels each key’s rows with its own trigger and label', () => {
  const keys = derived();
  const marked = markWithKeys(data.train, keys);
  const bytes = (samples: Samples, row: number) => samples.x.slice(row * 216, (row + 1) * 216);
  for (const key of keys) {
    const stamped = stamp(data.train, key.trigger);
    for (const row of key.rows) {
      assert.deepEqual(bytes(marked.samples, row), bytes(stamped, row));
      assert.equal(marked.samples.y[row], key.target);
    }
  }
  for (let row = 0; row < 1000; row++) {
    if (!marked.indices.includes(row)) assert.deepEqual(bytes(marked.samples, row), bytes(data.train, row));
  }
  assert.equal(marked.collisions.pairs, 6);
});

test('secrets show in no print, inspection, JSON or copy', () => {
  const key = createKey(data, { ...choices, groups: 2 });
  const holder = { key };
  const shown = [String(key), inspect(holder, { depth: 9, showHidden: true }), JSON.stringify(holder)].join();
  for (const group of [0, 1]) {
    assert.ok(!shown.includes(key.reveal(group)));
    assert.ok(!JSON.stringify({ ...key }).includes(key.reveal(group)));
  }
  assert.ok(shown.includes(key.commitment));
});

test('createKey takes sizes, class names and the hash of the probes from the data, and draws new secrets', () => {
  const key = createKey(data, choices, [secret]);
  assert.deepEqual(key.plan, { ...plan, probes: { rows: 300, sha256: hashSamples(data.test) } });
  assert.equal(createKey(data, choices, [secret]).commitment, key.commitment);
  assert.notEqual(createKey(data, choices).reveal(0), createKey(data, choices).reveal(0));
  // labels of the probes decide step 4, so they are bound as well
  const relabelled = { ...data.test, y: data.test.y.slice().fill(1, 0, 1) };
  assert.notEqual(hashSamples(relabelled), hashSamples(data.test));
});

test('wrong arguments name themselves', () => {
  const create = (change: object) => () => createKey(data, { ...choices, ...change });
  const marked = (change: object) => create({ marks: { ...marks, ...change } });
  const trigger = (change: object) => marked({ trigger: { ...marks.trigger, ...change } });
  assert.throws(marked({ keys: 0 }), /createKey: plan\.marks\.keys is 0: /);
  assert.throws(marked({ rowsPerKey: 100 }), /marks\.rowsPerKey is 100: expected at most 500 rows, half of/);
  assert.throws(create({ queriesPerKey: 301 }), /queriesPerKey is 301: expected at most the 300 probe rows/);
  assert.throws(create({ control: 301 }), /control is 301: expected at most the 300 probe rows/);
  assert.throws(create({ alpha: 0.051 }), /createKey: plan\.alpha is 0\.051: /);
  assert.throws(create({ leastAccuracy: 0.1 }), /leastAccuracy is 0\.1: expected more than chance, 1 in 10/);
  assert.throws(create({ beacon: { kind: 'dice' } }), /createKey: plan\.beacon/);
  assert.throws(create({ groups: 7 }), /trigger\.size is 3: expected a row to hold a trigger of each group/);
  assert.throws(trigger({ size: 9 }), /trigger\.size is 9: expected a row to hold/);
  assert.throws(
    marked({ trigger: { family: 'bits', length: 3, chance: 0.5 } }),
    /marks\.trigger\.family: expected square for images/,
  );
  // white squares at one place would be one trigger with two labels
  assert.throws(trigger({ fill: 'white' }), /plan\.marks\.keys is 12: expected at most 6, a group's places/);
  const twice = { ...data, classNames: [...classNames.slice(1), 'class 1'] };
  assert.throws(() => createKey(twice, choices), /data\.classNames: expected different names/);
  assert.throws(() => createKey(data, choices, ['abc']), /OwnerKey: secrets\.0: expected 64 lower-case hexa/);
  assert.throws(() => new OwnerKey(['0'.repeat(64)], plan), /OwnerKey: secrets do not belong to the plan/);
  const key = createKey(data, choices, [secret]);
  assert.throws(() => deriveKeys(key, 0, 'short'), /deriveGroup: randomness: expected 64 lower-case/);
  assert.throws(
    () => deriveKeys(key, 1, randomness),
    /deriveKeys: group is 1, expected an integer in 0\.\.0/,
  );
  const keys = derived();
  assert.throws(
    () => markWithKeys(blank(10, [8, 9, 3]), keys),
    /row to mark is \d+, expected an integer in 0\.\.9/,
  );
  assert.throws(
    () => markWithKeys(blank(1000, [8, 9, 1]), keys),
    /markWithKeys: shape of samples is \[8,9,1\]/,
  );
  assert.throws(
    () => markWithKeys(data.train, [...keys, keys[0]]),
    /markWithKeys: row to mark is \d+, expected each row once/,
  );
});
