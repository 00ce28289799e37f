import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import {
  evidenceSchema,
  parseEvidence,
  readEvidence,
  recordOf,
  writeEvidence,
} from '../../src/claim/evidence';
import { planSchema } from '../../src/claim/key-plan';
import { probeKeys } from '../../src/claim/probe-keys';
import { verifyEvidence } from '../../src/claim/verify';
import { temporaryFolder } from '../fixtures';
import { everything, evidenceOf, guilty, ownerOf } from './fixtures';
import { mutateEvidence } from './mutations';

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const owner = ownerOf(1);
const { key, proof: beacon } = owner;

test('a file of evidence opens the named groups and nothing else, and is verified', async () => {
  const suspect = 'https://example.com/модель';
  const probing = await probeKeys(
    guilty(owner.groups[0]),
    everything(owner, guilty([])).probes ?? assert.fail(),
    owner.groups[0],
  );
  const record = recordOf(0, probing);
  const path = file('evidence.json');
  const written = writeEvidence(path, { key, groups: [1], beacon, suspect, record });
  assert.deepEqual(readEvidence('test', path), written);
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(key.reveal(1)) && !text.includes(key.reveal(0)));
  const { outcome, claim } = await verifyEvidence(path, everything(owner, guilty(owner.groups[1])));
  assert.deepEqual([outcome, claim.suspect, claim.group], ['HOLDS', suspect, 1]);
});

test('parts that do not belong together are refused, and nothing is written', () => {
  const path = file('never.json');
  const write = (change: object) => () =>
    writeEvidence(path, { key, groups: [1], beacon, suspect: 'a model', ...change });
  assert.throws(write({ groups: [2] }), /writeEvidence: group is 2, expected an integer in 0\.\.1/);
  assert.throws(write({ groups: [] }), /writeEvidence: file\.opened/);
  assert.throws(write({ groups: [1, 1] }), /writeEvidence: file\.opened: expected each group once/);
  assert.throws(
    write({ beacon: { kind: 'rehearsal' } }),
    /proof is for a rehearsal beacon, expected one for value/,
  );
  assert.throws(write({ suspect: 'a\u001b[2Jmodel' }), /writeEvidence: file\.suspect: expected one line/);
  assert.equal(existsSync(path), false);
});

// version 1 rested on answers that its writer recorded; nobody may take it for a proof
test('a file of version 1 is refused with a sentence that says what to do', () => {
  const old = Buffer.from('{"format":"mib-evidence","version":1,"secret":"00"}');
  assert.throws(
    () => parseEvidence('verify', old),
    /^Error: verify: the evidence is of version 1, .*Ask the owner for evidence of version 2/,
  );
});

const text = JSON.stringify(evidenceOf(owner));

test('malformed, huge and foreign files are refused with a reason', async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ['', /not valid JSON/],
    ['[]', /format is undefined, expected mib-evidence/],
    ['{"format": "mib-key"}', /format is mib-key, expected mib-evidence/],
    [text.replace('"version":2', '"version":3'), /version is 3, expected 2/],
    [text.replace('"version"', '"__proto__": {}, "version"'), /__proto__/],
    [text.replace('"keys":8', '"keys":1e9'), /file\.plan\.marks\.keys is 1000000000/],
    [text.replace('"alpha":0.01', '"alpha":0.9'), /file\.plan\.alpha is 0\.9/],
    [text.replace('"opened"', '"answers":[1],"opened"'), /Unrecognized key/],
    [text.slice(0, -100), /not valid JSON/],
    ['['.repeat(1_000_000), /not valid JSON/],
  ];
  for (const [content, reason] of cases)
    assert.throws(() => parseEvidence('test', Buffer.from(content)), reason, String(content).slice(0, 80));
  const huge = file('huge.json');
  writeFileSync(huge, '');
  truncateSync(huge, 2 ** 33); // sparse: takes no room
  await assert.rejects(verifyEvidence(huge), /has 8589934592 bytes, expected at most 8388608/);
  await assert.rejects(verifyEvidence(folder), /not a regular file/);
  await assert.rejects(verifyEvidence(file('none.json')), /none\.json is missing/);
  if (process.platform === 'win32') return;
  const pipe = file('pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  await assert.rejects(verifyEvidence(pipe), /not a regular file/);
});

// a file of 838 bytes ended the verifier once: 4.4 GB; another of 823 bytes took 144 s
test('work that a file asks for is bounded before it begins', () => {
  const large: [string, object][] = [
    ['data.shape', { data: { shape: [100_000, 100_000, 16] } }],
    ['marks.keys', { marks: { keys: 256 }, data: { shape: [3000, 3000, 1] } }],
    ['marks.rowsPerKey', { marks: { keys: 256, rowsPerKey: 1000 } }],
    ['queriesPerKey', { marks: { keys: 256 }, queriesPerKey: 1000, probes: { rows: 1e6 } }],
    ['control', { control: 1000 }],
    ['probes.rows', { probes: { rows: 1e9 } }],
    ['data.rows', { data: { rows: 2 ** 40 } }],
  ];
  for (const [field, changes] of large) {
    const { plan, ...rest } = JSON.parse(text);
    plan.marks.trigger.size = field === 'marks.keys' ? 2000 : 2;
    for (const [name, part] of Object.entries(changes))
      plan[name] = typeof part === 'object' ? { ...plan[name], ...part } : part;
    const begin = performance.now();
    assert.throws(
      () => parseEvidence('test', Buffer.from(JSON.stringify({ ...rest, plan }))),
      new RegExp(`file\\.plan\\.${field.replace('.', '\\.')}`),
    );
    assert.ok(performance.now() - begin < 1000, field);
  }
});

// the long suite makes 10,000
test('mutated evidence never holds with another meaning', async () => {
  const { read, held } = await mutateEvidence(600, 1);
  assert.ok(read > 50 && held < read, `${read} read, ${held} held`);
});

// other implementations work from these files; MIB_UPDATE=1 writes them
test('the JSON Schemas in data/ are those of the code', () => {
  for (const [name, schema] of [
    ['plan', planSchema],
    ['evidence', evidenceSchema],
  ] as const) {
    const path = join(__dirname, `../../../data/${name}.schema.json`);
    const made = `${JSON.stringify(z.toJSONSchema(schema), null, 2)}\n`;
    if (process.env.MIB_UPDATE) writeFileSync(path, made);
    assert.equal(readFileSync(path, 'utf8'), made);
  }
});
