import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { httpModel } from '../../../src/probe/remote/http';
import { client, failure, listen, ok, quick, samples } from './client';

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

test('a certificate that nobody vouches for is refused, even if the environment says otherwise', async t => {
  const pem = readFileSync(resolve(__dirname, '../../../../test/probe/remote/self-signed.pem'));
  const server = createSecureServer({ key: pem, cert: pem }, (_, response) => response.end(ok));
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  t.after(() => server.close());
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
  const box = client(`https://localhost:${(server.address() as AddressInfo).port}/v1/models/m`);
  const error = await failure(box.predict(samples));
  assert.match(error.message, /self-signed certificate(;|$)/); // and not tried again
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
