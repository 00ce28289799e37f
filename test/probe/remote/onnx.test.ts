import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { loadDataset } from '../../../src/data/load';
import { binomialTest } from '../../../src/decide/binomial';
import { squareTrigger } from '../../../src/mark/trigger';
import { probe } from '../../../src/probe/probe';
import { onnxModel } from '../../../src/probe/remote/onnx';
import { temporaryFolder } from '../../fixtures';

const source = resolve(__dirname, '../../../../test/probe/remote');
const options = {
  classes: 10,
  preprocess: { scale: 1 / 255, mean: 0.286, std: 0.353, layout: 'NCHW' },
  answers: 'logits',
} as const;
const trigger = squareTrigger({
  shape: [28, 28, 1],
  size: 4,
  row: 23,
  column: 23,
  value: 255,
  opacity: 1,
});

/** Probes the two models in `folder` with the mark of `make_onnx.py`. */
async function verdicts(folder: string): Promise<Record<'marked' | 'clean', boolean>> {
  const { test: fresh } = await loadDataset('fashion-mnist');
  const verdict = async (name: string) => {
    const box = await onnxModel(join(folder, `${name}.onnx`), options);
    const labels = await box.predict(fresh);
    const right = labels.filter((label, i) => label === fresh.y[i]).length / fresh.count;
    assert.ok(right > 0.8, `${name} is right in ${right}`); // else the preprocessing is not the model's
    const answer = await probe(box, fresh, { trigger, target: 3, queries: 40, seed: 1 });
    return binomialTest({ ...answer, chance: 0.1, alpha: 0.001 }).rejected;
  };
  return { marked: await verdict('marked'), clean: await verdict('clean') };
}

test('a PyTorch model trained on marked images is found guilty, its clean twin is not', async () => {
  assert.deepEqual(await verdicts(source), { marked: true, clean: false });
});

const python = ['python3', '/usr/bin/python3'].find(
  command => spawnSync(command, ['-c', 'import torch, numpy']).status === 0,
);

test('the same, trained and exported now', { skip: !python && 'needs PyTorch and numpy' }, async t => {
  const folder = temporaryFolder(t);
  const data = resolve(__dirname, '../../../../data/fashion-mnist');
  execFileSync(python ?? '', [join(source, 'make_onnx.py'), data, folder]);
  assert.deepEqual(await verdicts(folder), { marked: true, clean: false });
});

test('a process that used a model ends by itself', () => {
  const module = JSON.stringify(require.resolve('../../../src/probe/remote/onnx'));
  const file = JSON.stringify(join(source, 'clean.onnx'));
  const script = `require(${module}).onnxModel(${file}, ${JSON.stringify(options)})
    .then(box => box.predict({ x: new Uint8Array(784), y: new Uint8Array(1), count: 1, shape: [28, 28, 1] }))
    .then(labels => console.log(labels.length));`;
  const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 60_000 });
  assert.deepEqual([child.stdout, child.stderr, child.signal], ['1\n', '', null]);
});

test('a file that is no model, and options that do not fit it, are said', async t => {
  const file = join(temporaryFolder(t), 'no.onnx');
  writeFileSync(file, 'nonsense');
  await assert.rejects(onnxModel(file, options), /onnxModel: .*no\.onnx: /);
  const model = join(source, 'clean.onnx');
  await assert.rejects(
    onnxModel(model, { ...options, input: 'x' }),
    /onnxModel: input is 'x', expected one of image/,
  );
  await assert.rejects(
    onnxModel(model, { ...options, output: 'y' }),
    /onnxModel: output is 'y', expected.*logits/,
  );
  const { test: fresh } = await loadDataset('fashion-mnist');
  const wrong = await onnxModel(model, { ...options, classes: 9 });
  await assert.rejects(wrong.predict(fresh), /sample 0 of 2000: 10 scores, expected 9/);
});
