import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpModel } from '../../../src/probe/remote/http';
import type { Reply } from '../../../src/probe/remote/protocols';
import { serveModel } from '../../../src/probe/remote/server';
import { type BlackBox, REFUSED, type Samples } from '../../../src/types';
import { client, failure, listen, quick, samples, tensors } from './client';

const honest: BlackBox = {
  classes: 3,
  predict: async ({ x, count }) => Int32Array.from({ length: count }, (_, row) => x[row * 4]),
};
const logits = async ({ x, count }: Samples) =>
  Float32Array.from({ length: count * 3 }, (_, i) => (x[Math.floor(i / 3) * 4] === i % 3 ? 4 : i % 2));

const modes: {
  protocol: 'openinference' | 'tfserving';
  columns?: boolean;
  input?: string;
}[] = [
  { protocol: 'openinference', input: undefined },
  { protocol: 'openinference', input: 'input' },
  { protocol: 'tfserving', input: undefined },
  { protocol: 'tfserving', input: 'input' },
  { protocol: 'tfserving', input: undefined, columns: true },
  { protocol: 'tfserving', input: 'input', columns: true },
];
for (const answers of ['label', 'probabilities', 'top-k'] as const) {
  for (const mode of modes) {
    test(`${JSON.stringify(mode)} gives labels from ${answers}`, async t => {
      const server = await serveModel(honest, { shape: samples.shape, answers, logits });
      t.after(() => server.close());
      const box = httpModel({ ...quick, ...tensors, ...mode, url: server[mode.protocol], answers });
      assert.equal(await box.ready(), true);
      assert.deepEqual([...(await box.predict(samples))], [2, 0, 1]);
      await box.close();
    });
  }
}

test('a custom protocol uploads pictures one by one', async t => {
  const url = await listen(t, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const picture = Buffer.concat(chunks);
    assert.equal(request.headers['content-type'], 'image/x-portable-graymap');
    response.end(JSON.stringify({ best: ['zero', 'one', 'two'][picture[picture.length - 4]] }));
  });
  const names = ['zero', 'one', 'two'];
  const box = httpModel({
    ...quick,
    url,
    protocol: ({ x, shape: [height, width] }) => ({
      headers: { 'content-type': 'image/x-portable-graymap' },
      body: Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), x]),
      labels: reply => [names.indexOf((reply.json() as { best: string }).best)],
    }),
  });
  assert.deepEqual([...(await box.predict({ ...samples, x: samples.x.slice(0, 4), count: 1 }))], [2]);
});

const bad: [name: string, body: string, expected: RegExp][] = [
  ['an error page', '<html>busy</html>', /not JSON: '<html>busy/],
  ['a list', '[1,2,3]', /answer is \[1,2,3\], expected an object/],
  ['too few answers', '{"predictions":[1,2]}', /2 answers, expected 3/],
  ['too many answers', '{"predictions":[1,2,0,0]}', /4 answers, expected 3/],
  [
    'a label out of range',
    '{"predictions":[1,2,3]}',
    /sample 2 of 3: label is 3, expected an integer in 0\.\.2/,
  ],
  ['a negative label', '{"predictions":[1,-1,2]}', /sample 1 of 3: label is -1/],
  ['a fraction', '{"predictions":[1,0.5,2]}', /sample 1 of 3: label is 0\.5/],
  ['null', '{"predictions":[1,null,2]}', /sample 1 of 3: label is null/],
  ['a string', '{"predictions":[1,"2",2]}', /sample 1 of 3: label is '2'/],
  ['NaN', '{"predictions":[1,NaN,2]}', /not JSON/],
  ['a prototype', '{"__proto__":{"predictions":[1,1,1]}}', /predictions is undefined, expected a list/],
  ['poisoned rows', '{"predictions":[{"__proto__":1,"x":2},0,0]}', /outputs are \["__proto__","x"\]/],
  ['an error with status 200', '{"error":"quota exceeded"}', /predictions is undefined.*"quota exceeded"/],
  [
    'colours',
    '{"predictions":"\u001b[31m\\u001b[2J\\u009b"}',
    /'\\u001b\[2J\\u009b'|not JSON: '.*\\u001b\[31m/,
  ],
  ['a deep nest', `{"predictions":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, /1 answers, expected 3/],
];
for (const [name, body, expected] of bad) {
  test(`${name} is an error that shows it`, async t => {
    let requests = 0;
    const url = await listen(t, (_, response) => {
      requests++;
      response.end(body);
    });
    await assert.rejects(client(url).predict(samples), expected);
    assert.equal(requests, 1); // a wrong answer was paid for, asking again would pay again
    assert.equal(({} as Record<string, unknown>).predictions, undefined);
  });
}

const scores: [body: unknown, expected: RegExp][] = [
  [
    [
      [1, 0, 0],
      [0, 1],
      [0, 0, 1],
    ],
    /sample 1 of 3: 2 scores, expected 3/,
  ],
  [
    [
      [1, 0, 0],
      [0, null, 1],
      [0, 0, 1],
    ],
    /sample 1 of 3: score of class 1 is null/,
  ],
  [
    [
      [1, 0, 0],
      [-4, 9, 1],
      [0, 0, 1],
    ],
    /sample 1 of 3: probability of class 0 is -4/,
  ],
];
test('probabilities that are none are errors', async t => {
  for (const [predictions, expected] of scores) {
    const url = await listen(t, (_, response) => response.end(JSON.stringify({ predictions })));
    await assert.rejects(client(url, { answers: 'probabilities' }).predict(samples), expected);
  }
});

test('class names and Triton classifications become numbers', async t => {
  const rows = {
    name: ['two', ['zero'], 'one'],
    'top-k': [['two', 'one'], [0], ['0.9:1:one', '0.1:0:zero']],
  };
  for (const answers of ['name', 'top-k'] as const) {
    const url = await listen(t, (_, response) =>
      response.end(JSON.stringify({ predictions: rows[answers] })),
    );
    const box = client(url, { answers, classNames: ['zero', 'one', 'two'] });
    assert.deepEqual([...(await box.predict(samples))], [2, 0, 1]);
  }
  const long = await listen(t, (_, response) => response.end(`{"predictions":["${'x'.repeat(1e6)}",0,0]}`));
  const error = await failure(
    client(long, { answers: 'name', classNames: ['zero', 'one', 'two'] }).predict(samples),
  );
  assert.ok(error.message.length < 400, error.message);
});

test('a request that is no text and no bytes is an error, now and when its time is over', async () => {
  const protocol = () => ({ body: new FormData() as never, labels: () => [] });
  const box = httpModel({ ...quick, timeoutMs: 20, url: 'http://localhost:1/', protocol });
  await assert.rejects(
    box.predict(samples),
    /httpModel: body of the request is \{\}, expected a string or bytes/,
  );
  await sleep(50); // an error nobody waits for would end the process
});

test('wrong options name themselves', () => {
  const url = 'http://localhost/v1/models/m';
  assert.throws(() => client('ftp://x'), /httpModel: url is 'ftp:\/\/x', expected an http/);
  assert.throws(() => client('nonsense'), /httpModel: url is 'nonsense'/);
  assert.throws(() => client(url, { classes: 1 }), /httpModel: classes is 1/);
  assert.throws(() => client(url, { timeoutMs: 0 }), /httpModel: timeoutMs is 0/);
  // a timer of 2³¹ ms ends at once
  for (const name of ['timeoutMs', 'retryDelayMs', 'maxWaitMs']) {
    assert.throws(() => client(url, { [name]: 2 ** 31 }), new RegExp(`${name} is 2147483648, expected`));
  }
  assert.throws(() => client(url, { protocol: 'grpc' as never }), /httpModel: protocol is 'grpc'/);
  assert.throws(() => client(url, { answers: 'best' as never }), /httpModel: answers is 'best'/);
  assert.throws(() => client(url, { answers: 'name' }), /httpModel: classNames/);
});

/** A client whose protocol reads `labels` from any answer. */
const reading = (url: string, labels: (reply: Reply) => unknown, options = {}) =>
  httpModel({ ...quick, ...options, url, protocol: () => ({ body: '{}', labels: labels as never }) });

test('what a protocol of the caller reads is checked as strictly as what ours read', async t => {
  // Int32Array.from made a label of each of these, and with target 0 a misspelt field gave "30 of 30 hits"
  const url = await listen(t, (_, response) => response.end('{"best":"sneaker"}'));
  for (const wrong of [undefined, null, 'cat', '2', 3.7, true, 2 ** 32 + 2, [1], Number.NaN, 3]) {
    const error = await failure(reading(url, () => [2, wrong, 1]).predict(samples));
    assert.match(error.message, /sample 1 of 3: label is .*expected an integer in 0\.\.2 or 'refused'/);
    assert.ok(error.message.includes(String(wrong)), error.message);
  }
  // indexOf of an unknown name looks like a refusal: the answer shows the name
  const unknown = reading(url, reply => [2, ['a'].indexOf((reply.json() as { best: string }).best), 1]);
  await assert.rejects(unknown.predict(samples), /sample 1 of 3: label is -1.*sneaker/);
  for (const wrong of [undefined, null, [1, 2], [1, 2, 0, 1]]) {
    await assert.rejects(reading(url, () => wrong).predict(samples), /the protocol read .*expected 3 labels/);
  }
  const throwing = reading(url, () => JSON.parse('token hush'));
  await assert.rejects(throwing.predict(samples), /the answer can't be read: .*hush/);
  process.env.MIB_TEST_TOKEN = 'hush';
  t.after(() => delete process.env.MIB_TEST_TOKEN);
  const secret = await failure(
    reading(url, () => JSON.parse('token hush'), { tokenVariable: 'MIB_TEST_TOKEN' }).predict(samples),
  );
  assert.match(secret.message, /the answer can't be read: a text of/);
  assert.deepEqual([...(await reading(url, () => [2, 'refused', 1]).predict(samples))], [2, REFUSED, 1]);
});

test('a service is ready that answers its question with an empty body', async t => {
  const url = await listen(t, (_, response) => response.end()); // as Triton does
  assert.equal(await client(url, { protocol: 'openinference' }).ready(), true);
});

test('a box says what shapes its questions and labels', () => {
  const url = 'http://localhost/v1/models/m?key=hush';
  const { name, settings } = client(url, { classNames: ['a', 'b', 'c'] });
  assert.equal(name, 'http://localhost/v1/models/m');
  assert.deepEqual(settings, {
    protocol: 'tfserving',
    preprocess: { datatype: 'UINT8' },
    answers: 'label',
    classNames: ['a', 'b', 'c'],
    input: 'input',
  });
  const texts = [() => [1], () => [2]].map(labels => JSON.stringify(reading(url, labels).settings));
  assert.equal(new Set(texts).size, 1); // the texts of `reading`'s protocol
});
