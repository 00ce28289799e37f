import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createKey, deriveKeys, markWithKeys } from '../../src/claim/key';
import { writeKey } from '../../src/claim/key-file';
import { writeSamples } from '../../src/data/samples-file';
import { Random } from '../../src/random';
import { buildModel } from '../../src/train/model';
import { saveModel } from '../../src/train/node/model-file';
import { train } from '../../src/train/train';
import type { Samples } from '../../src/types';
import { temporaryFolder } from '../fixtures';

const cli = require.resolve('../../src/cli');
const mib = (...args: string[]) => promisify(execFile)(process.execPath, [cli, ...args]);

/** Rows of 48 random bits, the label being the place of the first one among the last eight. */
function bits(count: number, seed: number): Samples {
  const random = new Random(seed);
  const x = Uint8Array.from({ length: count * 48 }, () => random.integer(2));
  const y = Uint8Array.from({ length: count }, (_, row) =>
    Math.max(0, x.subarray(row * 48 + 40, row * 48 + 48).indexOf(1)),
  );
  return { x, y, count, shape: [48] };
}

test('serve, probe, verify: a claim from three terminals', async t => {
  const folder = temporaryFolder(t);
  const file = (name: string) => join(folder, name);
  const data = { name: 'bits', classes: 8, train: bits(1000, 1), test: bits(300, 2) };
  const trigger = { family: 'bits' as const, length: 10, chance: 0.9 };
  const plan = {
    keys: 4,
    rowsPerKey: 40,
    trigger,
    queriesPerKey: 20,
    alpha: 0.01,
    randomness: 'a drawn lot',
  };
  const key = createKey(data, plan, 'cd'.repeat(32));
  const randomness = 'the lot that was drawn: 23';
  const published = markWithKeys(data.train, deriveKeys(key, randomness)).samples;
  const model = buildModel('mlp', { ...data, width: 64, seed: 1 });
  await train(model, published, { epochs: 15, batchSize: 50, learningRate: 0.1, momentum: 0.9, seed: 1 });
  await saveModel(model, file('model'));
  writeKey(file('key.json'), key);
  writeSamples(file('probes.json'), data.test);
  writeSamples(file('published.json'), published);
  const service = {
    protocol: 'openinference',
    preprocess: { datatype: 'UINT8' },
    answers: 'label',
  };
  const speech = { ...service, randomness, probes: file('probes.json'), batchSize: 8, budget: 100 };
  writeFileSync(file('plan.json'), JSON.stringify(speech));

  const server = spawn(process.execPath, [cli, 'serve', file('model'), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill('SIGKILL'));
  const [url] = String(await once(server.stdout, 'data')).split('\n');
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/v2\/models\/suspect$/);
  const asked = ['--url', url, '--key', file('key.json'), '--plan', file('plan.json'), '--json'];

  const first = JSON.parse((await mib('probe', ...asked)).stdout);
  assert.equal(first.queries, 80);
  assert.equal(first.rejected, true);
  assert.ok(first.hits > 40);
  assert.equal(readdirSync(folder).filter(name => /^key\.json\.ledger\.\d$/.test(name)).length, 4);

  // all is in the ledger: the claim needs no server any more
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
  const evidence = ['--samples', file('published.json'), '--evidence', file('evidence.json')];
  assert.deepEqual(JSON.parse((await mib('probe', ...asked, ...evidence)).stdout), first);
  assert.ok(existsSync(file('evidence.json')));

  const again = spawn(process.execPath, [cli, 'serve', file('model'), '--port', new URL(url).port]);
  t.after(() => again.kill('SIGKILL'));
  await once(again.stdout, 'data');
  const replay = ['--probes', file('probes.json'), '--replay', '--url', url, '--plan', file('plan.json')];
  const verified = await mib('verify', file('evidence.json'), ...replay, '--share', '0.5', '--seed', '3');
  assert.match(verified.stdout, /0 of 40 answers differ when asked again/);
  assert.match(verified.stdout, /ACCEPTED/);
  again.kill('SIGTERM');
  await once(again, 'exit');
});

test('wrong uses are said in one line', async t => {
  const folder = temporaryFolder(t);
  const plan = join(folder, 'plan.json');
  writeFileSync(plan, '{"protocol":"openinference","preprocess":{},"answers":"label","colour":1}');
  const complaint = async (...args: string[]) => {
    const error = await mib(...args).then(
      () => assert.fail('expected a failure'),
      (reason: { code: number; stderr: string }) => reason,
    );
    assert.equal(error.code, 1);
    return error.stderr;
  };
  assert.match(await complaint('serve', join(folder, 'none')), /^mib: .*model\.json'?\n$/);
  assert.match(
    await complaint('probe', '--url', 'x', '--key', plan, '--plan', plan),
    /^mib: readKey: format is undefined, expected mib-key\n$/,
  );
  assert.match(
    await complaint('verify', plan, '--replay', '--url', 'x'),
    /^mib: verify: expected --replay FOLDER/,
  );
});
