import assert from 'node:assert/strict';
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
  const before = served();
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
  assert.equal(served(), before);
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
  const before = served();
  await assert.rejects(
    serveElsewhere(model, { noise: 2 }),
    /serveElsewhere: the server does not start: .*noise is 2/,
  );
  assert.equal(served(), before);
});
