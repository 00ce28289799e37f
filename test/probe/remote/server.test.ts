import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpModel } from '../../../src/probe/remote/http';
import { type ServeOptions, serveModel } from '../../../src/probe/remote/server';
import { type BlackBox, REFUSED, type Samples } from '../../../src/types';
import { randomSamples } from '../../fixtures';

const honest: BlackBox = { classes: 5, predict: async ({ count }) => new Int32Array(count).fill(2) };
const samples = randomSamples(4000, 1, { shape: [6] });
const one = (row: number): Samples => ({ ...samples, x: samples.x.slice(row * 6, row * 6 + 6), count: 1 });

/** Runs `action` with a client of a server with these options. */
async function serving<T>(options: Partial<ServeOptions>, action: (box: BlackBox) => Promise<T>): Promise<T> {
  const server = await serveModel(honest, { shape: [6], ...options });
  const box = httpModel({
    url: server.tfserving,
    protocol: 'tfserving',
    classes: 5,
    preprocess: { datatype: 'UINT8' },
    answers: 'label',
    retries: 3,
    retryDelayMs: 1,
  });
  try {
    return await action(box);
  } finally {
    await server.close();
  }
}

test('noise changes the declared share of answers, the same ones for the same seed', async () => {
  const ask = (noise: number, seed: number) => serving({ noise, seed }, box => box.predict(samples));
  assert.ok((await ask(0, 1)).every(label => label === 2));
  const noisy = await ask(0.2, 1);
  const changed = noisy.filter(label => label !== 2).length;
  // a random answer is the honest one in a fifth of the cases: 640 ± 4 standard deviations
  assert.ok(Math.abs(changed - 640) < 4 * Math.sqrt(4000 * 0.16 * 0.84), String(changed));
  assert.deepEqual(await ask(0.2, 1), noisy);
  assert.notDeepEqual(await ask(0.2, 2), noisy);
});

test('refusals come as often as declared, and again for the same question', async () => {
  const ask = (box: BlackBox) => Promise.all(Array.from({ length: 300 }, (_, i) => box.predict(one(i))));
  const [first, second] = await serving({ refuseRate: 0.3 }, async box => [await ask(box), await ask(box)]);
  const refused = first.filter(([label]) => label === REFUSED).length;
  assert.ok(Math.abs(refused - 90) < 4 * Math.sqrt(300 * 0.3 * 0.7), String(refused));
  assert.deepEqual(first, second);
});

test('the rate limit answers 429 with the time to wait, and a patient client gets through', async () => {
  await serving({ rateLimit: 2 }, async box => {
    let repetitions = 0;
    for (let i = 0; i < 3; i++) await box.predict(one(i), { onRetry: () => void repetitions++ });
    assert.ok(repetitions >= 1);
  });
});

test('what is not a batch of samples is refused with a reason', async t => {
  const server = await serveModel(honest, { shape: [6] });
  t.after(() => server.close());
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return [response.status, ((await response.json()) as { error: string }).error];
  };
  const expected = [400, 'expected samples of 6 integers in 0..255 each'];
  for (const instances of [[[1, 2, 3]], [[1, 2, 3, 4, 5, 256]], [[1, 2, 3, 4, 5, 0.5]], [], 'x', null]) {
    assert.deepEqual(await post(`${server.tfserving}:predict`, { instances }), expected);
  }
  const deep = JSON.parse(`${'['.repeat(1000)}1${']'.repeat(1000)}`);
  const shaped = (shape: unknown[]) => [{ shape, data: [1, 2, 3, 4, 5, 6] }];
  for (const inputs of [
    undefined,
    [],
    shaped([2, 6]),
    shaped(['1', 6]),
    [null],
    [{ shape: [1], data: deep }],
  ]) {
    assert.deepEqual(await post(`${server.openinference}/infer`, { inputs }), expected);
  }
  for (const path of [`${server.openinference}/infer`, `${server.tfserving}:predict`]) {
    assert.deepEqual(await post(path, null), expected); // was status 500
  }
  assert.equal((await post(`${server.origin}/v2/models/other/infer`, {}))[0], 404);
});

test('wrong options name themselves', async () => {
  const serve = (options: Partial<ServeOptions>) => serveModel(honest, { shape: [6], ...options });
  await assert.rejects(serve({ noise: 2 }), /serveModel: noise is 2, expected a number in \[0, 1\]/);
  await assert.rejects(serve({ refuseRate: Number.NaN }), /serveModel: refuseRate is NaN/);
  await assert.rejects(serve({ rateLimit: 0 }), /serveModel: rateLimit is 0/);
  await assert.rejects(
    serve({ answers: 'probabilities' }),
    /serveModel: answers is 'probabilities', expected/,
  );
});
