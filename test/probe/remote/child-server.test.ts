import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { serveElsewhere } from '../../../src/probe/remote/child-server';
import { httpModel } from '../../../src/probe/remote/http';
import { buildModel } from '../../../src/train/model';
import { predictLabels } from '../../../src/train/predict';
import { temporaryFolder } from '../../fixtures';

const model = buildModel('mlp', { shape: [6], classes: 4, width: 8, seed: 1 });
const samples = {
  x: Uint8Array.from({ length: 60 }, (_, i) => i % 2),
  y: new Uint8Array(10),
  count: 10,
  shape: [6],
};
process.env.TMPDIR = temporaryFolder(); // that of other programs holds other servers' folders
const served = () => readdirSync(tmpdir()).filter(name => name.startsWith('mib-served-')).length;

test('a model in another process answers as here, and leaves nothing when closed', async () => {
  const server = await serveElsewhere(model);
  const box = httpModel({
    url: server.tfserving,
    protocol: 'tfserving',
    classes: 4,
    preprocess: {},
    answers: 'label',
  });
  assert.deepEqual(await box.predict(samples), await predictLabels(model, samples));
  await box.close();
  await server.close();
  assert.equal(served(), 0);
  const gone = httpModel({
    url: server.tfserving,
    protocol: 'tfserving',
    classes: 4,
    preprocess: {},
    answers: 'label',
    retries: 0,
  });
  await assert.rejects(gone.predict(samples), /ECONNREFUSED/); // the process has ended, not only the promise
});

test('a server that does not start says why', async () => {
  await assert.rejects(
    serveElsewhere(model, { noise: 2 }),
    /serveElsewhere: the server does not start: .*noise is 2/,
  );
  assert.equal(served(), 0);
});

test('the server of a killed process ends with it', async () => {
  const [server, model] = ['probe/remote/child-server', 'train/model'].map(name =>
    JSON.stringify(require.resolve(`../../../src/${name}`)),
  );
  const script = `require(${server}).serveElsewhere(require(${model}).buildModel('mlp',
    { shape: [6], classes: 4, width: 8, seed: 1 })).then(({ origin }) => console.log(origin));
    setInterval(() => {}, 1000);`;
  const asking = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [origin] = await once(asking.stdout, 'data');
  const alive = async () => (await fetch(`${String(origin).trim()}/v2/health/live`)).ok;
  assert.equal(await alive(), true);
  asking.kill('SIGKILL');
  await once(asking, 'exit');
  const deadline = Date.now() + 10_000;
  while (await alive().catch(() => false)) assert.ok(Date.now() < deadline, 'the server lives on');
});

test('a process that has started a server ends by itself', () => {
  const modules = ['probe/remote/child-server', 'train/model'].map(name =>
    require.resolve(`../../../src/${name}`),
  );
  const script = `const [{ serveElsewhere }, { buildModel }] = ${JSON.stringify(modules)}.map(require);
    serveElsewhere(buildModel('mlp', { shape: [6], classes: 4, width: 8, seed: 1 })).then(() => console.log('up'));`;
  const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(output, 'up\n');
});
