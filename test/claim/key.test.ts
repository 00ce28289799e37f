import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import {
  createKey,
  deriveKeys,
  hashSamples,
  keyCollisions,
  markWithKeys,
  OwnerKey,
} from '../../src/claim/key';
import type { Plan } from '../../src/claim/key-plan';
import { randomizationTest } from '../../src/decide/randomization';
import { stamp } from '../../src/mark/stamp';
import type { Samples } from '../../src/types';
import golden from './golden-keys.json';

const [{ secret, publicRandomness }] = golden;
const plan = golden[0].plan as Plan;

function blank(count: number, shape: readonly number[]): Samples {
  const cells = shape.reduce((product, n) => product * n, 1);
  return { x: new Uint8Array(count * cells), y: new Uint8Array(count), count, shape };
}

const data = { name: 'images', classes: 10, train: blank(1000, [8, 9, 3]), test: blank(300, [8, 9, 3]) };
const { keys, rowsPerKey, trigger, queriesPerKey, alpha, randomness } = plan;
const choices = { keys, rowsPerKey, trigger, queriesPerKey, alpha, randomness };

golden.forEach((expected, i) => {
  test(`vector ${i}: commitment and keys are those that Python derives`, () => {
    const key = new OwnerKey(expected.secret, expected.plan as Plan);
    assert.equal(key.commitment, expected.commitment);
    assert.deepEqual(deriveKeys(key, expected.publicRandomness), expected.keys);
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

test('one changed bit of secret, plan or public randomness changes every stream', () => {
  const derived = deriveKeys(new OwnerKey(secret, plan), publicRandomness);
  const others = [
    deriveKeys(new OwnerKey(secret.replace(/.$/, '0'), plan), publicRandomness),
    deriveKeys(new OwnerKey(secret, { ...plan, alpha: 0.002 }), publicRandomness),
    deriveKeys(new OwnerKey(secret, plan), `${publicRandomness} `),
  ];
  for (const other of others) {
    const same = other.filter((key, j) => key.rows.some(row => derived[j].rows.includes(row)));
    assert.ok(same.length < 3, 'rows of another derivation coincide');
    assert.notDeepEqual(
      other.map(key => key.target),
      derived.map(key => key.target),
    );
    assert.notDeepEqual(other[0].trigger.values, derived[0].trigger.values);
    assert.notDeepEqual(other[0].probes, derived[0].probes);
  }
});

test('rows are disjoint, probes distinct within a key', () => {
  const derived = deriveKeys(new OwnerKey(secret, plan), publicRandomness);
  assert.equal(new Set(derived.flatMap(key => key.rows)).size, 48);
  for (const key of derived) assert.equal(new Set(key.probes).size, 5);
});

// the exact test rests on this: chi-square against its 0.999 quantile for 6 degrees of freedom, 22.46.
// K = 7 does not divide 2³², so a plain remainder of bytes would show
test('target labels are uniform over the classes', () => {
  const counts = new Array(7).fill(0);
  for (let i = 0; i < 40; i++) {
    const key = new OwnerKey(secret, { ...plan, classes: 7, rows: 2000, keys: 100, rowsPerKey: 1 });
    for (const { target } of deriveKeys(key, `public randomness ${i}`)) counts[target]++;
  }
  const expected = 4000 / 7;
  const statistic = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert.ok(statistic < 22.46, `chi-square ${statistic} of ${counts}`);
});

// labels that hung together, or with a class, would make the exact test accuse the innocent
test('a prejudiced model that never saw the keys is accused with probability alpha at most', () => {
  const votes = [
    [25, 3, 1, 1],
    [0, 29, 1, 0],
    [20, 9, 1, 0],
  ];
  const small = { ...plan, classes: 4, keys: 3, rowsPerKey: 1, queriesPerKey: 1 };
  const runs = 2000;
  let accused = 0;
  for (let i = 0; i < runs; i++) {
    const derived = deriveKeys(new OwnerKey(secret, small), `public randomness ${i}`);
    const targets = derived.map(key => key.target);
    if (randomizationTest({ votes, targets, alpha: 0.1 }).rejected) accused++;
  }
  const error = Math.sqrt(0.1 * 0.9 * runs);
  assert.ok(accused > 0 && accused <= 0.1 * runs + 3 * error, `${accused} of ${runs}`);
});

test('triggers do not overlap while there are places enough, and the measure tells when they do', () => {
  const few = deriveKeys(new OwnerKey(secret, { ...plan, keys: 6 }), publicRandomness);
  assert.deepEqual(keyCollisions(few), { pairs: 0, cells: 0, equalCells: 0 });
  // 8 × 9 pixels hold six squares of 3 × 3, so twelve keys use each place twice
  const many = deriveKeys(new OwnerKey(secret, plan), publicRandomness);
  const { pairs, cells, equalCells } = keyCollisions(many);
  assert.deepEqual([pairs, cells], [6, 27]);
  // nine random pixels, three channels each
  assert.ok(equalCells < 27, `${equalCells} of 27 cells equal`);
});

test('markWithKeys stamps and relabels each key’s rows with its own trigger and label', () => {
  const derived = deriveKeys(new OwnerKey(secret, plan), publicRandomness);
  const marked = markWithKeys(data.train, derived);
  const bytes = (samples: Samples, row: number) => samples.x.slice(row * 216, (row + 1) * 216);
  for (const key of derived) {
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

test('the secret shows in no print, inspection, JSON or copy', () => {
  const key = createKey(data, choices);
  const holder = { key };
  const shown = [String(key), inspect(holder, { depth: 9, showHidden: true }), JSON.stringify(holder)].join();
  assert.ok(!shown.includes(key.reveal()));
  assert.ok(!JSON.stringify({ ...key }).includes(key.reveal()));
  // nor does the commitment hash the secret bare, without the plan
  assert.ok(shown.includes(key.commitment));
});

test('createKey takes sizes and the hash of the probes from the data and draws a new secret each time', () => {
  const key = createKey(data, choices);
  assert.deepEqual(key.plan, { ...plan, probes: { rows: 300, sha256: hashSamples(data.test) } });
  assert.notEqual(createKey(data, choices).reveal(), key.reveal());
  assert.equal(createKey(data, choices, secret).commitment, createKey(data, choices, secret).commitment);
});

test('wrong arguments name themselves', () => {
  const create = (change: object) => () => createKey(data, { ...choices, ...change });
  assert.throws(create({ keys: 0 }), /createKey: plan.keys is 0: /);
  assert.throws(
    create({ rowsPerKey: 100 }),
    /createKey: plan.rowsPerKey is 100: expected at most 1000 marked rows/,
  );
  assert.throws(create({ queriesPerKey: 301 }), /queriesPerKey is 301: expected at most the 300 probe rows/);
  assert.throws(create({ alpha: 1 }), /createKey: plan.alpha is 1: /);
  assert.throws(create({ randomness: '' }), /createKey: plan.randomness: /);
  assert.throws(
    create({ trigger: { family: 'square', size: 9, fill: 'noise', opacity: 1 } }),
    /trigger\.size is 9: expected a trigger that fits/,
  );
  assert.throws(
    create({ trigger: { family: 'bits', length: 3, chance: 0.5 } }),
    /shape: expected \[width\] for bits/,
  );
  // white squares at one place would be one trigger with two labels
  const white = { family: 'square', size: 3, fill: 'white', opacity: 1 };
  assert.throws(
    create({ trigger: white }),
    /createKey: plan\.keys is 12: expected at most 6: only their places tell/,
  );
  assert.throws(() => createKey(data, choices, 'abc'), /OwnerKey: secret: expected 64 lower-case hexa/);
  assert.throws(() => deriveKeys(createKey(data, choices), 'short'), /deriveKeys: publicRandomness: /);
  const derived = deriveKeys(new OwnerKey(secret, plan), publicRandomness);
  assert.throws(
    () => markWithKeys(blank(10, [8, 9, 3]), derived),
    /row to mark is \d+, expected an integer in 0\.\.9/,
  );
  assert.throws(
    () => markWithKeys(blank(1000, [8, 9, 1]), derived),
    /markWithKeys: shape of samples is \[8,9,1\]/,
  );
  assert.throws(
    () => markWithKeys(data.train, [...derived, derived[0]]),
    /markWithKeys: row to mark is \d+, expected each row once/,
  );
});
