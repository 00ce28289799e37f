import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { probe } from '../../../src/probe/probe';
import { httpModel } from '../../../src/probe/remote/http';
import { ledgerIn } from '../../../src/probe/remote/ledger';
import { type BlackBox, REFUSED } from '../../../src/types';
import { temporaryFolder } from '../../fixtures';
import { client, failure, listen, ok, quick, samples, tensors } from './client';

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

test('a service that was down when it was asked costs nothing of the budget', async t => {
  // 240 queries with a budget of 300 were counted twice while nobody listened, and none could be asked afterwards
  const path = join(temporaryFolder(t), 'ledger.jsonl');
  const ask = (url: string) =>
    probe(client(url, { retries: 1 }), samples, {
      trigger: { family: 'square', shape: samples.shape, positions: [3], values: [255], opacity: 1 },
      target: 1,
      queries: 3,
      seed: 1,
      anyLabel: true,
      budget: 6,
      control: false,
      ledger: ledgerIn(path),
    });
  const server = createServer((_, response) => response.end(ok)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise(closed => server.close(closed));
  const url = `http://127.0.0.1:${port}/v1/models/m`;
  for (let run = 0; run < 3; run++) {
    await assert.rejects(ask(url), /ECONNREFUSED.*\(attempt 2\)/);
  }
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { sent, predictions } = await ask(url);
  assert.deepEqual([sent, ...predictions], [3, 2, 0, 1]);
});
