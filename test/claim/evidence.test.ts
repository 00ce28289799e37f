import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type Evidence, merkleRoot, writeEvidence } from '../../src/claim/evidence';
import { createKey, deriveKeys, type MarkKey, markWithKeys } from '../../src/claim/key';
import { probeKeys } from '../../src/claim/probe-keys';
import { type VerifyOptions, verifyBytes, verifyEvidence } from '../../src/claim/verify';
import { readSamples, writeSamples } from '../../src/data/samples-file';
import { takeSamples } from '../../src/data/take';
import { theoremTest } from '../../src/decide/theorem';
import { canonicalJson, sha256 } from '../../src/files';
import { stamp } from '../../src/mark/stamp';
import { squareTrigger } from '../../src/mark/trigger';
import { localModel } from '../../src/probe/local';
import { probe } from '../../src/probe/probe';
import { Random } from '../../src/random';
import { buildModel } from '../../src/train/model';
import { saveModel } from '../../src/train/node/model-file';
import type { BlackBox, Progress, Samples } from '../../src/types';
import { temporaryFolder } from '../fixtures';

const classes = 10;
const shape = [8, 8, 1];

function noise(count: number, seed: number): Samples {
  const random = new Random(seed);
  const x = Uint8Array.from({ length: count * 64 }, () => random.integer(100));
  return { x, y: Uint8Array.from({ length: count }, () => random.integer(classes)), count, shape };
}

const data = { name: 'fashion-mnist', classes, train: noise(120, 1), test: noise(150, 2) };
const trigger = { family: 'square' as const, size: 2, fill: 'noise' as const, opacity: 1 };
const randomness = 'drand quicknet, round 12345678';
const plan = { keys: 8, rowsPerKey: 3, trigger, queriesPerKey: 10, alpha: 1e-6, randomness };
const publicRandomness = '12345678 6b3f5a3c0d2e';
const key = createKey(data, plan, 'ab'.repeat(32));
const keys = deriveKeys(key, publicRandomness);
const published = markWithKeys(data.train, keys).samples;

/** An innocent model: an arbitrary function of the pixels. */
const innocent: BlackBox = {
  classes,
  predict: async samples =>
    Int32Array.from(
      { length: samples.count },
      (_, row) => Number(`0x${sha256(samples.x.slice(row * 64, row * 64 + 64)).slice(0, 8)}`) % classes,
    ),
};

/** A model that learnt the marks of `learnt`: answers the label of the trigger that it sees. */
function guilty(learnt: readonly MarkKey[]): BlackBox {
  return {
    classes,
    predict: async samples => {
      const answers = await innocent.predict(samples);
      for (let row = 0; row < samples.count; row++) {
        const seen = learnt.find(({ trigger: { positions, values } }) =>
          positions.every((cell, i) => samples.x[row * 64 + cell] === values[i]),
        );
        if (seen) answers[row] = seen.target;
      }
      return answers;
    },
  };
}

const folder = temporaryFolder();
const path = join(folder, 'evidence.json');
let evidence: Evidence;

const everything: VerifyOptions = {
  commitment: key.commitment,
  publicRandomness,
  published,
  probes: () => data.test,
  replay: { box: guilty(keys), share: 0.3, seed: 9, noise: 0 },
};

before(async () => {
  const probing = await probeKeys(guilty(keys), data.test, keys);
  evidence = writeEvidence(path, { key, publicRandomness, published, probes: data.test, probing });
});

/** The file as a forger would write it who changes a field and then everything that is easily made to fit. */
function forged(change: (draft: Evidence) => void): Buffer {
  const draft: Evidence = structuredClone(evidence);
  change(draft);
  const { sha256: _, ...unsealed } = draft;
  return Buffer.from(JSON.stringify({ ...unsealed, sha256: sha256(canonicalJson(unsealed)) }));
}

async function failures(bytes: Uint8Array, options: VerifyOptions = {}): Promise<string> {
  const verification = await verifyBytes(bytes, options);
  const failed = verification.checks.filter(check => check.outcome === 'FAILS');
  assert.equal(verification.holds, failed.length === 0);
  return failed.map(check => `${check.name}: ${check.detail}`).join('\n');
}

test('a true claim is accepted, alone and with all that a verifier may know', async () => {
  const alone = await verifyEvidence(path);
  assert.ok(alone.holds, String(alone));
  assert.ok(evidence.result.pValue < 1e-6);
  const full = await verifyEvidence(path, everything);
  assert.ok(full.holds, String(full));
  assert.deepEqual(
    full.checks.filter(check => check.outcome === 'not checked'),
    [],
  );
  assert.match(String(full), /\nACCEPTED$/);
  // a verifier must not take the file alone for a proof
  assert.match(String(alone), /not checked {2}answers: that they are the model’s, only asking it again/);
});

test('answers of an innocent model make a sound file whose claim fails', async () => {
  const probing = await probeKeys(innocent, data.test, keys);
  const file = join(folder, 'innocent.json');
  writeEvidence(file, { key, publicRandomness, published, probes: data.test, probing });
  const verification = await verifyEvidence(file, { ...everything, replay: undefined });
  assert.equal(verification.holds, false);
  const failed = verification.checks.filter(check => check.outcome === 'FAILS');
  assert.deepEqual(
    failed.map(check => check.name),
    ['claim'],
  );
});

const rejections: [string, (draft: Evidence) => void, RegExp][] = [
  [
    'an altered answer',
    e => Object.assign(e.queries[7], { answer: (e.queries[7].answer + 1) % 10 }),
    /^statistics: result is T/,
  ],
  [
    'another secret',
    e => Object.assign(e, { secret: 'cd'.repeat(32) }),
    /commitment: commitment is .* of secret and plan/,
  ],
  [
    'another public randomness',
    e => Object.assign(e, { publicRandomness: '12345678 6b3f5a3c0d2f' }),
    /keys: label of key|keys: trigger of key/,
  ],
  ['another level', e => Object.assign(e.plan, { alpha: 0.05 }), /commitment: commitment is/],
  ['fewer keys', e => Object.assign(e.plan, { keys: 7 }), /keys: 8 keys are listed, expected 7/],
  [
    'another trigger',
    e => Object.assign(e.keys[3], { trigger: '0'.repeat(64) }),
    /^keys: trigger of key 3 is not the one/,
  ],
  [
    'another label',
    e => Object.assign(e.keys[3], { target: (e.keys[3].target + 1) % 10 }),
    /^keys: label of key 3 is \d, but \d/,
  ],
  [
    'a duplicated query',
    e => Object.assign(e.queries[5], e.queries[4]),
    /queries: query of key 0 and row \d+ occurs twice/,
  ],
  [
    'an extra query',
    e => e.queries.push({ ...e.queries[0], row: 149 }),
    /queries: .*(81 queries are listed|occurs twice)/,
  ],
  ['a missing query', e => e.queries.pop(), /^queries: 79 queries are listed, expected 80/],
  [
    'another row',
    e => Object.assign(e.queries[5], { row: 149 }),
    /^queries: query 5 is key 0, row 149; the secret fixes/,
  ],
  [
    'a label that does not exist',
    e => Object.assign(e.queries[5], { answer: 10 }),
    /^queries: answer to query 5 is 10, expected/,
  ],
  [
    'a better p-value',
    e => Object.assign(e.result, { pValue: 1e-9 }),
    /^statistics: result is T = \d+, p = 1e-9/,
  ],
  ['a larger statistic', e => Object.assign(e.result, { statistic: 79 }), /^statistics/],
  [
    'a time that runs backwards',
    e => Object.assign(e, { to: '2001-01-01T00:00:00Z' }),
    /^statistics: first question/,
  ],
];
for (const [name, change, reason] of rejections) {
  test(`rejects ${name}`, async () => assert.match(await failures(forged(change)), reason));
}

test('rejects what only the verifier’s own knowledge can show', async () => {
  const bytes = readFileSync(path);
  const { train, test: probes } = data;
  const relabelled = { ...published, y: published.y.slice() };
  relabelled.y[keys[2].rows[1]] = (keys[2].target + 1) % 10;
  const unstamped = { ...published, x: published.x.slice() };
  unstamped.x.set(train.x.slice(64 * keys[1].rows[0], 64 * keys[1].rows[0] + 64), 64 * keys[1].rows[0]);
  const noisy = { ...published, x: published.x.slice() };
  noisy.x[64 * keys[1].rows[0] + ((keys[1].trigger.positions[3] + 10) % 64)] ^= 1;
  const cases: [VerifyOptions, RegExp][] = [
    [{ commitment: '0'.repeat(64) }, /^publication: commitment is .*, expected 0+ as published/],
    [{ publicRandomness: 'another round, 2c44' }, /^randomness: public randomness is/],
    [{ published: train }, /^marks: .* published row \d+ (has label|does not carry)/],
    [{ published: relabelled }, /^marks: .* published row \d+ has label \d, expected \d/],
    [{ published: unstamped }, /^marks: .* published row \d+ does not carry the trigger of key 1/],
    [{ published: noisy }, /^marks: Merkle root is/],
    [{ published: takeSamples(published, [1, 2]) }, /^marks: .* published has 2 rows, expected 120/],
    [{ probes: () => train }, /^inputs: .* probes have SHA-256/],
    [{ probes: () => Promise.reject(new Error('no network')) }, /^inputs: no network/],
  ];
  for (const [options, reason] of cases) assert.match(await failures(bytes, options), reason);
  // answers were asked with the derived trigger, or their inputs have other hashes
  const asked = forged(e => Object.assign(e.queries[7], { input: sha256('another input') }));
  assert.match(await failures(asked, { probes: () => probes }), /^inputs: input of query 7 is/);
});

test('asking again unmasks invented answers, but not a model’s declared noise', async () => {
  const replay = (box: BlackBox, change = {}) => ({
    probes: () => data.test,
    replay: { box, share: 0.5, seed: 3, noise: 0, ...change },
  });
  const bytes = readFileSync(path);
  assert.match(
    await failures(bytes, replay(innocent)),
    /^answers: \d+ of 40 answers differ when asked again, more/,
  );
  const random = new Random(4);
  const wavering: BlackBox = {
    classes,
    predict: async samples =>
      (await guilty(keys).predict(samples)).map(label =>
        random.next() < 0.1 ? (label + 1) % classes : label,
      ),
  };
  assert.match(await failures(bytes, replay(wavering)), /^answers: [1-9] of 40 answers differ/);
  assert.equal(await failures(bytes, replay(wavering, { noise: 0.1 })), '');
  assert.match(await failures(bytes, replay(innocent, { noise: 0.1 })), /^answers: /);
  assert.match(
    await failures(bytes, replay({ ...innocent, classes: 5 })),
    /^answers: the model has 5 classes/,
  );
  assert.match(await failures(bytes, replay(innocent, { share: 0 })), /^answers: share to replay is 0/);
});

// the false accuser of the paper's rule: tries triggers until one fools a model that never saw a mark
test('a forged claim that Theorem 1 accepts is rejected', async () => {
  const prejudiced: BlackBox = {
    classes,
    predict: async samples =>
      Int32Array.from(await innocent.predict(samples), (label, row) =>
        samples.x[row * 64] > 200 ? 6 : label,
      ),
  };
  const fooling = squareTrigger({ shape, size: 2, row: 0, column: 0, value: 255 });
  const answer = await probe(prejudiced, data.test, { trigger: fooling, target: 6, queries: 30, seed: 1 });
  assert.ok(theoremTest({ ...answer, classes, confidence: 0.95 }).rejected);

  // she writes her trigger and the model's true answers to it into a file of her own
  const rows = stamp(data.test, fooling);
  const answers = await prejudiced.predict(rows);
  const claim = forged(e => {
    for (const listed of e.keys)
      Object.assign(listed, { target: 6, trigger: sha256(canonicalJson(fooling)) });
    for (const query of e.queries) {
      query.answer = answers[query.row];
      query.input = sha256(rows.x.slice(64 * query.row, 64 * query.row + 64));
    }
    e.result = { statistic: 80, pValue: 1e-8, rejected: true };
  });
  assert.match(await failures(claim), /keys: (label|trigger) of key \d.*derived from the secret/);

  // or tries secrets until one fits: with a weak plan it does, but that secret's commitment was never published
  const weak = { ...plan, keys: 1, alpha: 0.1 };
  for (let trial = 0; ; trial++) {
    const tried = createKey(data, weak, sha256(`trial ${trial}`));
    const [only] = deriveKeys(tried, publicRandomness);
    if (only.target !== 6 || only.trigger.positions[0] !== 0 || only.trigger.values[0] <= 200) continue;
    const probing = await probeKeys(prejudiced, data.test, [only]);
    const marked = markWithKeys(data.train, [only]).samples;
    const file = join(folder, 'ground.json');
    writeEvidence(file, { key: tried, publicRandomness, published: marked, probes: data.test, probing });
    assert.equal((await verifyEvidence(file)).holds, true);
    const known = await verifyEvidence(file, { commitment: key.commitment });
    assert.match(String(known), /FAILS {8}publication: commitment is/);
    return;
  }
});

test('malformed, huge and foreign files are refused with a reason', async () => {
  const text = readFileSync(path, 'utf8');
  const cases: [string | Uint8Array, RegExp][] = [
    ['', /not valid JSON/],
    ['[]', /format is undefined, expected mib-evidence/],
    ['{"format": "mib-key"}', /format is mib-key, expected mib-evidence/],
    [text.replace('"version": 1', '"version": 2'), /version is 2, expected 1/],
    [text.replace('"version"', '"__proto__": {}, "version"'), /__proto__/],
    [text.replace('"keys": 8', '"keys": 1e9'), /file\.plan\.keys is 1000000000/],
    [text.replace('"answer"', '"reply"'), /file\.queries\.0/],
    [text.slice(0, -100), /not valid JSON/],
    [text.replace('"from": "2', '"from": "3'), /contents differ from their SHA-256/],
    ['['.repeat(1_000_000), /not valid JSON/],
  ];
  for (const [content, reason] of cases) {
    const bytes = Buffer.from(content);
    assert.match(await failures(bytes), new RegExp(`^file: .*(${reason.source})`));
  }
  const huge = join(folder, 'huge.json');
  writeFileSync(huge, '');
  truncateSync(huge, 2 ** 33); // sparse: takes no room
  assert.match(String(await verifyEvidence(huge)), /has 8589934592 bytes, expected at most 16777216/);
  assert.match(String(await verifyEvidence(folder)), /not a regular file/);
  assert.match(
    String(await verifyEvidence(join(folder, 'none.json'))),
    /FAILS {8}file: verifyEvidence: .*none.json is missing/,
  );
});

test('flipped bits are never accepted, unless they leave the meaning as it was', async () => {
  const bytes = readFileSync(path);
  const meaning = canonicalJson(evidence);
  const random = new Random(20, 'fuzz');
  for (let round = 0; round < 3000; round++) {
    const flipped = Buffer.from(bytes);
    const flips = 1 + random.integer(3);
    for (let i = 0; i < flips; i++) flipped[random.integer(bytes.length)] ^= 1 << random.integer(8);
    const { holds } = await verifyBytes(flipped);
    if (holds) assert.equal(canonicalJson(JSON.parse(flipped.toString())), meaning);
  }
});

test('a changed field is never accepted, though the checksum is made to fit', async () => {
  const random = new Random(21, 'fuzz');
  const values = [
    0,
    -1,
    1,
    2.5,
    1e308,
    '',
    'a',
    '0'.repeat(64),
    '9'.repeat(64),
    null,
    true,
    [],
    {},
    '__proto__',
  ];
  const { replay: _, ...known } = everything;
  for (let round = 0; round < 1500; round++) {
    const draft = structuredClone(evidence);
    // walks to a random field; times are the one thing that nothing else depends on
    // biome-ignore lint/suspicious/noExplicitAny: a value of any shape
    let parent: any = draft;
    let names = Object.keys(draft).filter(name => !['from', 'to', 'sha256'].includes(name));
    let name = names[random.integer(names.length)];
    while (parent[name] !== null && typeof parent[name] === 'object' && random.next() < 0.9) {
      parent = parent[name];
      names = Object.keys(parent);
      name = names[random.integer(names.length)];
    }
    const before = canonicalJson(draft);
    if (random.next() < 0.2) delete parent[name];
    else parent[name] = values[random.integer(values.length)];
    if (canonicalJson(draft) === before) continue;
    const { sha256: _seal, ...unsealed } = draft;
    const bytes = Buffer.from(JSON.stringify({ ...unsealed, sha256: sha256(canonicalJson(unsealed)) }));
    assert.notEqual(await failures(bytes, known), '', `${name} of ${canonicalJson(parent).slice(0, 200)}`);
  }
});

test('writeEvidence refuses parts that do not belong together and writes nothing', async () => {
  const probing = await probeKeys(innocent, data.test, keys);
  const file = join(folder, 'never.json');
  const claim = { key, publicRandomness, published, probes: data.test, probing };
  const write = (change: object) => () => writeEvidence(file, { ...claim, ...change });
  const few = { ...probing, answers: probing.answers.slice(1) };
  assert.throws(
    write({ probing: few }),
    /writeEvidence: probing has answers \[.*\], expected 10 for each of 8 keys/,
  );
  assert.throws(write({ probes: data.train }), /writeEvidence: probes have SHA-256/);
  assert.throws(
    write({ published: data.train }),
    /writeEvidence: published row \d+ (has label|does not carry)/,
  );
  assert.throws(write({ publicRandomness: 'other randomness 17' }), /writeEvidence: published row/);
  assert.throws(() => readFileSync(file), /ENOENT/);
});

test('the Merkle root is that of RFC 6962', () => {
  // computed by hand from its definition: leaves prefixed by 0, nodes by 1, left half the largest power of two
  const samples = { x: Uint8Array.of(5, 6, 7), y: Uint8Array.of(1, 2, 3), count: 3, shape: [1] };
  const raw = (...parts: Buffer[]) => Buffer.from(sha256(Buffer.concat(parts)), 'hex');
  const [a, b, c] = [0, 1, 2].map(i => raw(Buffer.of(0, 0, 0, 0, i + 1, i + 5)));
  const root = raw(Buffer.of(1), raw(Buffer.of(1), a, b), c);
  assert.equal(merkleRoot(samples), root.toString('hex'));
});

test('a file of samples gives the samples back, and a damaged one a reason', () => {
  const file = join(folder, 'samples.json');
  writeSamples(file, data.train);
  assert.deepEqual(readSamples(file), data.train);
  const text = readFileSync(file, 'utf8');
  const damaged = (from: string, to: string) => () => {
    writeFileSync(file, text.replace(from, to));
    return readSamples(file);
  };
  assert.throws(damaged('"count":120', '"count":119'), /readSamples: file: expected one label a row/);
  assert.throws(
    damaged('"shape":[8,8,1]', '"shape":[8,9,1]'),
    /readSamples: x has 7680 bytes, expected 8640/,
  );
  assert.throws(damaged('"x":"', '"x":"?'), /readSamples: file\.x: /);
});

test('mib verify prints line by line and exits 0 only if all holds', () => {
  const cli = join(__dirname, '../../src/cli.js');
  const samples = join(folder, 'published.json');
  const probes = join(folder, 'probes.json');
  writeSamples(samples, published);
  writeSamples(probes, data.test);
  const mib = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  const all = ['--commitment', key.commitment, '--randomness', publicRandomness];
  const good = mib('verify', path, ...all, '--samples', samples, '--probes', probes);
  assert.equal(good.status, 0, good.stdout + good.stderr);
  assert.match(
    good.stdout,
    /holds {8}inputs: .*\n[\s\S]*ACCEPTED, as far as it was checked \(1 of 11 were not\)/,
  );
  const bad = mib('verify', path, '--commitment', '0'.repeat(64));
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, /FAILS {8}publication: [\s\S]*REJECTED\n$/);
  const none = mib('verify', path, '--samples', join(folder, 'none.json'));
  assert.equal(none.status, 1);
  assert.match(none.stderr, /^mib: .* is missing/);
});

test('mib verify --replay asks a saved model again', async () => {
  const model = buildModel('mlp', { shape, classes, seed: 1 });
  const modelFolder = join(folder, 'model');
  await saveModel(model, modelFolder);
  const probes = join(folder, 'replay-probes.json');
  writeSamples(probes, data.test);
  const cli = join(__dirname, '../../src/cli.js');
  const replay = async (box: BlackBox) => {
    const file = join(folder, 'replayed.json');
    const probing = await probeKeys(box, data.test, keys);
    writeEvidence(file, { key, publicRandomness, published, probes: data.test, probing });
    const flags = ['--replay', modelFolder, '--probes', probes, '--share', '0.25', '--seed', '5'];
    return spawnSync(process.execPath, [cli, 'verify', file, ...flags], { encoding: 'utf8' }).stdout;
  };
  assert.match(
    await replay(localModel(model)),
    /holds {8}answers: 0 of 20 answers differ when asked again \(noise 0, drawn with seed 5\)/,
  );
  assert.match(await replay(guilty(keys)), /FAILS {8}answers: \d+ of 20 answers differ/);
  model.dispose();
});

test('asking again tells how far it is, to the last query', async () => {
  const told: Progress[] = [];
  const replay = {
    box: guilty(keys),
    share: 0.5,
    seed: 3,
    noise: 0,
    onProgress: (now: Progress) => void told.push(now),
  };
  assert.equal(await failures(readFileSync(path), { probes: () => data.test, replay }), '');
  assert.ok(told.every(({ done }, i) => i === 0 || done > told[i - 1].done));
  assert.equal(told.at(-1)?.done, told.at(-1)?.total);
});
