import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { httpModel } from '../../../src/probe/remote/http';
import {
  openInference,
  type Reply,
  type TensorOptions,
  tfServing,
} from '../../../src/probe/remote/protocols';
import type { Samples } from '../../../src/types';

const bytes = (values: number[], shape: number[]): Samples => {
  const count = values.length / shape.reduce((a, b) => a * b, 1);
  return { x: Uint8Array.from(values), y: new Uint8Array(count), count, shape };
};
const reply = (text: string): Reply => ({
  status: 200,
  body: Buffer.from(text),
  headers: {},
  json: () => JSON.parse(text),
});
const nobody = async () => assert.fail('no request expected');
const plain: TensorOptions = { classes: 7, preprocess: { datatype: 'UINT8' }, answers: 'label' };

// the examples are those of the two specifications (see peer_server.py), blanks and unused tensors left out

test('requests are the examples of the specifications', async () => {
  const infer = await openInference(
    { ...plain, input: 'input0', output: 'output0' },
    nobody,
  )(bytes([1, 2, 3, 4], [2]));
  const { id, ...request } = JSON.parse(String(infer.body));
  assert.match(id, /^\w+$/);
  assert.deepEqual(request, {
    inputs: [{ name: 'input0', shape: [2, 2], datatype: 'UINT8', data: [1, 2, 3, 4] }],
    outputs: [{ name: 'output0' }],
  });
  const row = await tfServing(plain)(bytes([1, 2, 3, 4], [1, 2]));
  assert.equal(row.path, ':predict');
  assert.equal(String(row.body), '{"instances":[[[1,2]],[[3,4]]]}');
  const signal = bytes([1, 2, 3, 4, 5, 3, 4, 1, 2, 5], [5]);
  const rows = await tfServing({ ...plain, input: 'signal' })(signal);
  assert.equal(String(rows.body), '{"instances":[{"signal":[1,2,3,4,5]},{"signal":[3,4,1,2,5]}]}');
  const columns = await tfServing({ ...plain, input: 'signal', columns: true })(signal);
  assert.equal(String(columns.body), '{"inputs":{"signal":[[1,2,3,4,5],[3,4,1,2,5]]}}');
});

test('answers in the form of the examples are understood', async () => {
  const three = bytes([1, 2, 3], [1]);
  const logits = { ...plain, classes: 2, answers: 'logits', input: 'input0' } as const;
  const infer = await openInference(logits, nobody)(three);
  const { id } = JSON.parse(String(infer.body));
  const output = '{"name":"output0","shape":[3,2],"datatype":"FP32","data":[1.0,1.1,2.0,2.1,3.0,3.1]}';
  const labels = infer.labels(reply(`{"id":"${id}","outputs":[${output}]}`));
  assert.deepEqual([...Array.from(labels)], [1, 1, 1]);
  const wrong = output.replace('[3,2]', '[3,3]');
  assert.throws(
    () => infer.labels(reply(`{"id":"${id}","outputs":[${wrong}]}`)),
    /output has shape \[3,3\] and 6 values/,
  );
  assert.throws(
    () => infer.labels(reply(`{"id":"${id}","outputs":[${output},${output}]}`)),
    /2 output tensors among \["output0","output0"\], expected 1; say which by `output`/,
  );
  const row = await tfServing(plain)(three);
  assert.deepEqual([...Array.from(row.labels(reply('{"predictions":[3,4,5]}')))], [3, 4, 5]);
  assert.throws(() => row.labels(reply('{"predictions":[3.5,4.0,5.5]}')), /sample 0 of 3: label is 3\.5/);
  assert.throws(() => row.labels(reply('{"error":"Servable not found"}')), /predictions is undefined/);
});

const python = ['python3', '/usr/bin/python3'].find(command => spawnSync(command, ['-c', '']).status === 0);

test('a server written from the specifications answers', { skip: !python && 'needs Python' }, async t => {
  const script = resolve(__dirname, '../../../../test/probe/remote/peer_server.py');
  const server = spawn(python ?? '', [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill());
  const [port] = await once(server.stdout, 'data');
  const address = (path: string) => `http://127.0.0.1:${String(port).trim()}${path}`;

  const samples = bytes([1, 2, 3, 4, 5, 6, 250, 0, 7, 9, 11, 13, 255, 255, 0, 1, 2, 3], [1, 2, 3]);
  const moved = [0, 3, 1, 4, 2, 5]; // place of each value of the order NCHW in NHWC
  const expected = [0, 1, 2].map(
    row => moved.reduce((sum, place, i) => sum + (i + 1) * samples.x[row * 6 + place], 0) % 7,
  );
  const preprocess = { layout: 'NCHW', datatype: 'INT32' } as const;
  const speeches = [
    { protocol: 'openinference', url: address('/v2/models/toy'), input: undefined },
    { protocol: 'openinference', url: address('/v2/models/toy'), input: 'pixels' },
    { protocol: 'tfserving', url: address('/v1/models/toy'), input: undefined },
    { protocol: 'tfserving', url: address('/v1/models/toy'), input: 'pixels' },
    { protocol: 'tfserving', url: address('/v1/models/toy'), input: 'pixels', columns: true },
  ] as const;
  for (const speech of speeches) {
    for (const [answers, output] of [
      ['label', 'class'],
      ['logits', 'scores'],
    ] as const) {
      const box = httpModel({ ...speech, classes: 7, preprocess, answers, output, retries: 0 });
      assert.equal(await box.ready(), true);
      assert.deepEqual([...(await box.predict(samples))], expected, JSON.stringify({ ...speech, answers }));
    }
  }
  for (const datatype of ['FP32', 'FP64', 'UINT8', 'INT32', 'INT64'] as const) {
    const typed = {
      ...speeches[0],
      classes: 7,
      preprocess: { layout: 'NCHW', datatype },
    } as const;
    const box = httpModel({ ...typed, answers: 'label', output: 'class', retries: 0 });
    assert.deepEqual([...(await box.predict(samples))], expected, datatype);
  }
  const unknown = httpModel({ ...plain, protocol: 'tfserving', url: address('/v1/models/other') });
  assert.equal(await unknown.ready(), false);
  await assert.rejects(unknown.predict(samples), /status 400.*no such model/);
});
