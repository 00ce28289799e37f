import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import '../../src/engine/node';
import { localModel } from '../../src/probe/local';
import { buildModel } from '../../src/train/model';
import { predictLabels } from '../../src/train/predict';

test('a local model answers its labels, and shows nothing but their number of classes', async () => {
  const model = buildModel('mlp', { shape: [8], classes: 4, seed: 1, width: 16 });
  const x = Uint8Array.from({ length: 80 }, (_, i) => (i * 7) % 2);
  const samples = { x, y: new Uint8Array(10), count: 10, shape: [8] };
  const box = localModel(model);
  assert.deepEqual(await box.predict(samples), await predictLabels(model, samples));
  assert.deepEqual(Object.keys(box).sort(), ['classes', 'predict']);
});

test('asking over the network needs no TensorFlow.js', () => {
  const modules = ['probe/probe', 'probe/remote/http', 'probe/remote/server', 'claim/probe-keys'].map(name =>
    require.resolve(`../../src/${name}`),
  );
  const script = `${JSON.stringify(modules)}.forEach(require);
    console.log(Object.keys(require.cache).filter(path => path.includes('tensorflow')).length);`;
  assert.equal(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }), '0\n');
});
