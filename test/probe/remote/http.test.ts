import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type HttpOptions, httpModel } from '../../../src/probe/remote/http';
import type { Reply } from '../../../src/probe/remote/protocols';
import { serveModel } from '../../../src/probe/remote/server';
import { type BlackBox, REFUSED, type Samples } from '../../../src/types';
import { serve } from '../../fixtures';

/** Three samples whose first byte is their label. */
const samples: Samples = {
  x: Uint8Array.from([2, 1, 5, 9, 0, 3, 255, 7, 1, 0, 0, 128]),
  y: new Uint8Array(3),
  count: 3,
  shape: [2, 2, 1],
};
const honest: BlackBox = {
  classes: 3,
  predict: async ({ x, count }) => Int32Array.from({ length: count }, (_, row) => x[row * 4]),
};
const logits = async ({ x, count }: Samples) =>
  Float32Array.from({ length: count * 3 }, (_, i) => (x[Math.floor(i / 3) * 4] === i % 3 ? 4 : i % 2));

const quick = { classes: 3, retries: 2, retryDelayMs: 1, timeoutMs: 1000 } as const;
const tensors = { preprocess: { datatype: 'UINT8' }, answers: 'label', input: 'input' } as const;

/** A server of our own for one test; returns the address. */
async function listen(t: TestContext, handler: RequestListener): Promise<string> {
  return `${await serve(t, handler)}/v1/models/m`;
}

/** A TensorFlow-Serving client of the server above. */
const client = (url: string, options: Partial<HttpOptions> = {}) =>
  httpModel({ url, protocol: 'tfserving', ...tensors, ...quick, ...options } as HttpOptions);

/** The error that `promise` fails with. */
async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  return assert.fail('expected an error');
}

const ok = JSON.stringify({ predictions: [2, 0, 1] });

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

test('what may pass is tried again, a Retry-After is waited for, and every repetition is announced', async t => {
  const failures = [
    (response: ServerResponse) => response.writeHead(503).end(),
    (response: ServerResponse) => response.writeHead(429, { 'retry-after': '1' }).end(),
    (response: ServerResponse) => response.destroy(),
    // half an answer must not be taken for one
    (response: ServerResponse) =>
      response
        .writeHead(200, { 'content-length': ok.length })
        .write(ok.slice(0, 9), () => response.destroy()),
  ];
  const times: number[] = [];
  const url = await listen(t, (_, response) => {
    times.push(performance.now());
    const failure = failures.shift();
    failure ? failure(response) : response.end(ok);
  });
  let repetitions = 0;
  const labels = await client(url, { retries: 4 }).predict(samples, { onRetry: () => void repetitions++ });
  assert.deepEqual([...labels], [2, 0, 1]);
  assert.equal(repetitions, 4);
  assert.ok(times[2] - times[1] >= 990);
});

test('other statuses are not tried again; a refusal is an answer', async t => {
  for (const status of [400, 401, 403, 404, 422, 500]) {
    let requests = 0;
    const url = await listen(t, (_, response) => {
      requests++;
      response.writeHead(status).end('{"error":"no"}');
    });
    await assert.rejects(
      client(url).predict(samples),
      new RegExp(`httpModel: ${url}:predict: status ${status}`),
    );
    assert.equal(requests, 1);
  }
  const url = await listen(t, (_, response) => response.writeHead(451).end());
  assert.deepEqual([...(await client(url).predict(samples))], [REFUSED, REFUSED, REFUSED]);
});

test('repetitions end, and a service that asks for too long a wait is not waited for', async t => {
  let requests = 0;
  const url = await listen(t, (_, response) => {
    requests++;
    response.writeHead(503).end();
  });
  await assert.rejects(client(url).predict(samples), /status 503.*\(attempt 3\)/);
  assert.equal(requests, 3);
  const patient = await listen(t, (_, response) => response.writeHead(429, { 'retry-after': '99999' }).end());
  await assert.rejects(client(patient).predict(samples), /status 429.*asks to wait 99999 s/);
  const gone = client('http://127.0.0.1:1/x', { retries: 1 });
  await assert.rejects(gone.predict(samples), /ECONNREFUSED.*\(attempt 2\)/);
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

test('a hostile server gets an error, not our time or memory', async t => {
  const endless = await listen(t, (_, response) => {
    const chunk = Buffer.alloc(65536, '[');
    const pour = () => {
      while (response.write(chunk));
      response.once('drain', pour);
    };
    response.on('error', () => {});
    pour();
  });
  await assert.rejects(
    client(endless, { maxResponseBytes: 2 ** 20 }).predict(samples),
    /larger than 1048576 bytes/,
  );
  const declared = await listen(t, (_, response) => {
    response.writeHead(200, { 'content-length': 1e12 }).write('x');
  });
  await assert.rejects(client(declared).predict(samples), /larger than 8388608 bytes/);
  const names = await listen(t, (_, response) => {
    response.end(JSON.stringify({ predictions: ['x'.repeat(1e7), 0, 0] }));
  });
  await assert.rejects(client(names).predict(samples), /larger than 8388608 bytes/);
  const drip = await listen(t, (_, response) => {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  });
  // every byte would reset an idle timer
  await assert.rejects(
    client(drip, { timeoutMs: 200, retries: 0 }).predict(samples),
    /no complete answer within 200 ms/,
  );
  const silent = await listen(t, () => {});
  await assert.rejects(
    client(silent, { timeoutMs: 200, retries: 1 }).predict(samples),
    /no complete answer within 200 ms \(attempt 2\)/,
  );
});

test('redirects are followed at home and nowhere else, and never for ever', async t => {
  let token: string | undefined;
  const elsewhere = await listen(t, (request, response) => {
    token = request.headers.authorization;
    response.end(ok);
  });
  process.env.MIB_TEST_TOKEN = 'hush-hush';
  t.after(() => delete process.env.MIB_TEST_TOKEN);
  const away = await listen(t, (_, response) => response.writeHead(307, { location: elsewhere }).end());
  await assert.rejects(
    client(away, { tokenVariable: 'MIB_TEST_TOKEN' }).predict(samples),
    /redirected to a text of \d+ characters, expected the same origin/,
  );
  assert.equal(token, undefined);
  const home = await listen(t, (request, response) => {
    if (request.url === '/moved') response.end(ok);
    else response.writeHead(308, { location: '/moved' }).end();
  });
  assert.deepEqual([...(await client(home).predict(samples))], [2, 0, 1]);
  const loop = await listen(t, (_, response) => response.writeHead(308, { location: '/again' }).end());
  await assert.rejects(client(loop).predict(samples), /more than 5 redirects/);
  const nowhere = await listen(t, (_, response) => response.writeHead(307).end());
  await assert.rejects(client(nowhere).predict(samples), /status 307/);
  const see = await listen(t, (_, response) => response.writeHead(303, { location: '/other' }).end());
  await assert.rejects(client(see).predict(samples), /status 303/);
});

test('the token comes from the environment and shows up nowhere but in its header', async t => {
  const seen: (string | string[] | undefined)[] = [];
  const url = await listen(t, (request, response) => {
    seen.push(request.headers.authorization ?? request.headers['x-key']);
    response.writeHead(401).end(`bad token ${seen.at(-1)}`);
  });
  t.after(() => delete process.env.MIB_TEST_TOKEN);
  for (const scheme of ['Basic bWU6aHVzaA==', 'ApiKey 1']) {
    process.env.MIB_TEST_TOKEN = scheme; // what names its scheme is sent as it is
    const box = client(url, { tokenVariable: 'MIB_TEST_TOKEN', tokenHeader: 'Authorization' });
    await assert.rejects(box.predict(samples));
    assert.equal(seen.pop(), scheme);
  }
  process.env.MIB_TEST_TOKEN = 'hush-hush';
  for (const tokenHeader of [undefined, 'x-key']) {
    const box = client(url, { tokenVariable: 'MIB_TEST_TOKEN', tokenHeader });
    const error = await failure(box.predict(samples));
    // part of a token, or a token in another spelling, is no secret any more: nothing of the text is shown
    assert.match(error.message, /status 401, a text of \d+ characters/);
    assert.ok(!/hush|bad/.test(JSON.stringify([box, error, error.stack])));
  }
  assert.deepEqual(seen, ['Bearer hush-hush', 'hush-hush']);
  const keyed = await failure(client(`${url}?api_key=hush-hush`).predict(samples));
  assert.match(keyed.message, /\/m:predict: status 401, a text of 19 characters$/);
  assert.throws(
    () => client(url, { tokenVariable: 'MIB_UNSET' }),
    /tokenVariable is 'MIB_UNSET', expected.*set/,
  );
  assert.throws(() => client('http://me:hush@localhost/'), /url holds a user name or password/);
});

test('an answer to another question is not taken for ours, an id of the service is no hindrance', async t => {
  const ids: string[] = [];
  let requests = 0;
  const url = await listen(t, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const own = JSON.parse(text).id;
    ids.push(own);
    const id = [own, ids[0], own, 'c4d5e6f7'][requests++]; // right, that of the first question, right, its own
    response.end(
      JSON.stringify({ id, outputs: [{ name: 'y', shape: [3], datatype: 'INT64', data: [2, 0, 1] }] }),
    );
  });
  const box = httpModel({ url, protocol: 'openinference', ...tensors, ...quick });
  assert.deepEqual([...(await box.predict(samples))], [2, 0, 1]);
  assert.deepEqual([...(await box.predict({ ...samples, x: samples.x.map(byte => 255 - byte) }))], [2, 0, 1]);
  assert.equal(requests, 3);
  assert.deepEqual([...(await box.predict(samples))], [2, 0, 1]);
  assert.equal(requests, 4); // KServe answers with an id of its own
});

test('a late duplicate of an answer is not taken for the answer to the next question', async t => {
  // on a connection that is kept, the duplicate is all that tells the next answer's place
  let answered = 0;
  const connections = new Set<Socket>();
  const server = createNetServer(socket => {
    connections.add(socket);
    let received = '';
    socket.on('error', () => {});
    socket.on('data', data => {
      received += data;
      const body = /\r\n\r\n(\{.*\})$/s.exec(received)?.[1];
      if (body === undefined) return;
      received = '';
      const [[[label]]] = JSON.parse(body).instances[0].input;
      const answer = JSON.stringify({ predictions: [label] });
      const bytes = `HTTP/1.1 200 OK\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`;
      socket.write(bytes);
      answered++;
      setTimeout(() => socket.write(bytes), 5); // while the next question is under way
    });
  });
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  t.after(() => server.close());
  t.after(() => connections.forEach(socket => void socket.destroy()));
  const box = client(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/models/m`);
  for (let i = 0; i < 30; i++) {
    const one = { ...samples, x: Uint8Array.from([i % 3, 0, 0, 0]), count: 1 };
    assert.deepEqual([...(await box.predict(one))], [i % 3]);
    await sleep(i % 7);
  }
  assert.equal(answered, 30); // nothing was asked again
});

test('queries are spread over time as asked', async t => {
  const url = await listen(t, (_, response) => response.end(ok));
  const box = client(url, { queriesPerSecond: 30 });
  const start = performance.now();
  for (let i = 0; i < 4; i++) await box.predict(samples);
  assert.ok(performance.now() - start >= 290); // three gaps of three queries
});

test('a certificate that nobody vouches for is refused, even if the environment says otherwise', async t => {
  const pem = readFileSync(resolve(__dirname, '../../../../test/probe/remote/self-signed.pem'));
  const server = createSecureServer({ key: pem, cert: pem }, (_, response) => response.end(ok));
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  t.after(() => server.close());
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
  const box = client(`https://localhost:${(server.address() as AddressInfo).port}/v1/models/m`);
  const error = await failure(box.predict(samples));
  assert.match(error.message, /self-signed certificate$/); // and not tried again
});

test('a proxy of the environment is used', async t => {
  const url = await listen(t, (_, response) => response.end(ok));
  const targets: (string | undefined)[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    targets.push(request.url);
    const upstream = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [socket, upstream]) end.on('error', () => {});
    t.after(() => upstream.destroy());
  });
  await new Promise<void>(ready => proxy.listen(0, '127.0.0.1', ready));
  t.after(() => proxy.close());
  process.env.http_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  t.after(() => delete process.env.http_proxy);
  const box = client('http://suspect.example/v1/models/m');
  assert.deepEqual([...(await box.predict(samples))], [2, 0, 1]);
  assert.deepEqual(targets, ['suspect.example:80']);
  await box.close();
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

test('an answer in tiny pieces takes the memory of its bytes', async t => {
  // 8 MiB in pieces of a byte took 1.2 GB as a list of buffers
  const url = await listen(t, (_, response) => {
    response.writeHead(200).write('{"predictions":[2,0,1]');
    let left = 2 ** 18;
    const pour = () => {
      for (let i = 0; i < 256 && left > 0; i++, left--) response.write(' ');
      if (left > 0) setImmediate(pour);
      else response.end('}');
    };
    pour();
  });
  let most = 0;
  const before = process.memoryUsage();
  const timer = setInterval(() => {
    const { heapUsed, external } = process.memoryUsage();
    most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
  }, 5);
  const box = client(url, { timeoutMs: 60_000, maxResponseBytes: 2 ** 20 });
  assert.deepEqual([...(await box.predict(samples))], [2, 0, 1]);
  clearInterval(timer);
  assert.ok(most < 64 * 2 ** 20, `${most} bytes`);
});

test('an interruption ends waiting at once, and nothing is sent after it', async t => {
  let requests = 0;
  const url = await listen(t, (_, response) => {
    requests++;
    response.writeHead(429, { 'retry-after': '30' }).end();
  });
  const metadata = { protocol: 'openinference', input: undefined } as const;
  for (const [options, unsent] of [
    [{}, false],
    [{ queriesPerSecond: 0.1 }, false],
    [metadata, true],
  ] as const) {
    requests = 0;
    const control = new AbortController();
    const box = client(url, options);
    setTimeout(() => control.abort(), 200);
    const start = performance.now();
    const error = await failure(box.predict(samples, { signal: control.signal }));
    assert.match(error.message, /interrupted/);
    assert.equal((error as { unsent?: boolean }).unsent, unsent);
    assert.ok(performance.now() - start < 5000);
    assert.equal(requests, 1);
  }
});

test('only what left this machine is charged', async t => {
  const unsent = async (box: BlackBox) =>
    ((await failure(box.predict(samples))) as { unsent?: boolean }).unsent;
  assert.equal(await unsent(client('http://127.0.0.1:1/x', { retries: 1 })), true);
  const busy = await listen(t, (_, response) => response.writeHead(503).end());
  assert.equal(await unsent(client(busy, { retries: 1 })), false);
  // metadata that can't be read cost no query
  assert.equal(await unsent(client(busy, { protocol: 'openinference', input: undefined, retries: 0 })), true);
  // a peer that takes the connection and says nothing, not even its certificate
  const silent = createNetServer(socket => socket.on('error', () => {}));
  await new Promise<void>(ready => silent.listen(0, '127.0.0.1', ready));
  t.after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const start = performance.now();
  const box = client(`https://127.0.0.1:${port}/x`, { timeoutMs: 300, retries: 0 });
  assert.equal(await unsent(box), true);
  assert.ok(performance.now() - start < 3000);
  let repetitions = 0;
  const refused = client('http://127.0.0.1:1/x', { retries: 2 });
  await failure(refused.predict(samples, { onRetry: () => void repetitions++ }));
  assert.equal(repetitions, 0);
});

test('answers as services give them: status 201, a byte order mark, gzip, an origin with a path', async t => {
  const bodies: [number, Record<string, string>, string | Buffer][] = [
    [201, {}, ok],
    [200, {}, `\ufeff${ok}`],
    [200, { 'content-encoding': 'gzip' }, gzipSync(ok)],
  ];
  for (const [status, headers, body] of bodies) {
    const url = await listen(t, (_, response) => response.writeHead(status, headers).end(body));
    assert.deepEqual([...(await client(url).predict(samples))], [2, 0, 1]);
  }
  // a gzip stream can be a thousand times as large as it came
  const bomb = await listen(t, (_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(2 ** 24))),
  );
  await assert.rejects(client(bomb).predict(samples), /larger than 8388608 bytes/);
  const paths: (string | undefined)[] = [];
  const url = await listen(t, (request, response) => {
    paths.push(request.url);
    response.end('{}');
  });
  const protocol = () => ({ path: '/predict', body: '{}', labels: () => [2, 0, 1] });
  await httpModel({ ...quick, url: new URL(url).origin, protocol }).predict(samples);
  assert.deepEqual(paths, ['/predict']);
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
