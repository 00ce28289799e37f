import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FetchOptions, type PublishedFile, readPublished } from '../../src/data/fetch';
import type { Progress } from '../../src/types';
import { collectWarnings, serve, sha256, temporaryFolder } from '../fixtures';

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) % 256));
const HALF = 150_000;

function published(...urls: string[]): PublishedFile {
  return { name: 'file.bin', urls, checksum: { algorithm: 'sha256', digest: sha256(BYTES) } };
}

const whole = (_: IncomingMessage, response: ServerResponse) => {
  response.setHeader('content-length', BYTES.length).end(BYTES);
};

/** Answers a Range request as RFC 9110 says. */
const ranged = (request: IncomingMessage, response: ServerResponse) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start === 0) return whole(request, response);
  if (start >= BYTES.length) return response.writeHead(416).end();
  response.writeHead(206, {
    'content-length': BYTES.length - start,
    'content-range': `bytes ${start}-${BYTES.length - 1}/${BYTES.length}`,
  });
  return response.end(BYTES.subarray(start));
};

async function setUp(t: TestContext) {
  const cache = join(temporaryFolder(t), 'cache');
  const fetch = (url: string | string[], options: Partial<FetchOptions> = {}) =>
    readPublished(published(...[url].flat()), { cache, ...options }, path => readFile(path));
  const cached = () => readdir(cache);
  return { cache, cached, fetch };
}

async function assertGood(fetched: ReturnType<typeof readPublished<Buffer>>): Promise<void> {
  const { content, verified } = await fetched;
  assert.ok(BYTES.equals(content));
  assert.equal(verified, `sha256 ${sha256(BYTES)} as published`);
}

test('a file is downloaded once, verified, kept, and progress reaches its size', async t => {
  const { cached, fetch } = await setUp(t);
  let requests = 0;
  const url = await serve(t, (request, response) => {
    requests++;
    whole(request, response);
  });
  const seen: Progress[] = [];
  await assertGood(fetch(url, { onProgress: progress => seen.push(progress) }));
  assert.deepEqual(seen.at(-1), { done: 300_000, total: 300_000, unit: 'bytes', note: 'file.bin' });
  assert.ok(seen.every((progress, i) => i === 0 || progress.done > seen[i - 1].done));
  assert.deepEqual(await cached(), ['file.bin']);
  await assertGood(fetch(url));
  assert.equal(requests, 1);
});

test('a download that was cut off is resumed where it stopped', async t => {
  const { cache, cached, fetch } = await setUp(t);
  let arrived = () => {};
  const cutting = await serve(t, (_, response) => {
    arrived = () => response.destroy();
    response.setHeader('content-length', BYTES.length).write(BYTES.subarray(0, HALF));
  });
  const cutAfterHalf = (progress: Progress) => progress.done === HALF && arrived();
  await assert.rejects(
    fetch(cutting, { onProgress: cutAfterHalf }),
    /^Error: readPublished: cannot download file.bin. http:\/\/127\.0\.0\.1:\d+: .+/,
  );
  assert.deepEqual(await cached(), ['file.bin.part']);
  assert.ok(BYTES.subarray(0, HALF).equals(await readFile(join(cache, 'file.bin.part'))));

  const ranges: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    ranges.push(request.headers.range);
    ranged(request, response);
  });
  const seen: Progress[] = [];
  await assertGood(fetch(url, { onProgress: progress => seen.push(progress) }));
  assert.deepEqual(ranges, [`bytes=${HALF}-`]);
  assert.ok(seen[0].done > HALF && seen[0].total === BYTES.length, 'progress counts what was there');
  assert.deepEqual(await cached(), ['file.bin']);
});

test('an aborted download rejects with AbortError, and the next call completes it', async t => {
  const { cached, fetch } = await setUp(t);
  const url = await serve(t, (request, response) => {
    if (request.headers.range) ranged(request, response);
    else response.setHeader('content-length', BYTES.length).write(BYTES.subarray(0, HALF)); // and no more
  });
  const controller = new AbortController();
  await assert.rejects(
    fetch([url, url], { signal: controller.signal, onProgress: () => controller.abort() }),
    {
      name: 'AbortError',
    },
  );
  assert.deepEqual(await cached(), ['file.bin.part']);
  await assert.rejects(fetch(url, { signal: controller.signal }), { name: 'AbortError' });
  await assertGood(fetch(url));
  assert.deepEqual(await cached(), ['file.bin']);
});

async function withPart(t: TestContext, part: Uint8Array) {
  const setting = await setUp(t);
  await mkdir(setting.cache);
  await writeFile(join(setting.cache, 'file.bin.part'), part);
  return setting;
}

test('a server that ignores Range gives the file from its start', async t => {
  // appending its answer to what is there would double the first bytes
  const { cached, fetch } = await withPart(t, BYTES.subarray(0, HALF));
  await assertGood(fetch(await serve(t, whole)));
  assert.deepEqual(await cached(), ['file.bin']);
});

test('a part that was complete already is taken as it is', async t => {
  const { cached, fetch } = await withPart(t, BYTES);
  await assertGood(fetch(await serve(t, ranged)));
  assert.deepEqual(await cached(), ['file.bin']);
});

for (const [what, part] of [
  ['of other bytes', Buffer.alloc(HALF, 1)],
  ['longer than the file', Buffer.alloc(BYTES.length + 1, 1)],
] as const) {
  test(`a part ${what} is thrown away and the file downloaded from its start`, async t => {
    const { cached, fetch } = await withPart(t, part);
    await assertGood(fetch(await serve(t, ranged)));
    assert.deepEqual(await cached(), ['file.bin']);
  });
}

test('a wrong checksum is an error that leaves nothing behind', async t => {
  const { cached, fetch } = await setUp(t);
  const other = Buffer.from(BYTES).fill(0, 5, 6);
  const url = await serve(t, (_, response) => response.end(other));
  const message = new RegExp(`sha256 is ${sha256(other)}, expected the published ${sha256(BYTES)}`);
  await assert.rejects(fetch(url), message);
  assert.deepEqual(await cached(), []);
  // only a folder may stand in for the published file, never an address
  await assert.rejects(fetch([], { mirror: url }), message);
  assert.deepEqual(await cached(), []);
});

test('the second address is tried when the first fails, and the error tells about both', async t => {
  const { cached, fetch } = await setUp(t);
  const missing = await serve(t, (_, response) => response.writeHead(404).end('not here'));
  const hangsUp = await serve(t, request => request.socket.destroy());
  await assert.rejects(
    fetch([`${missing}/a`, hangsUp]),
    /cannot download file.bin. http:\S+\/a: the server answered 404 Not Found. http:\S+: socket hang up/,
  );
  assert.deepEqual(await cached(), []);
  await assertGood(fetch([missing, hangsUp, await serve(t, whole)]));
  assert.deepEqual(await cached(), ['file.bin']);
});

test('a base URL as mirror is asked for the file by its name, with or without a final slash', async t => {
  const { cache, fetch } = await setUp(t);
  const paths: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    paths.push(request.url);
    whole(request, response);
  });
  await assertGood(fetch('http://127.0.0.1:1', { mirror: `${url}/data/` }));
  await assertGood(fetch('http://127.0.0.1:1', { mirror: `${url}/data`, cache: `${cache}2` }));
  assert.deepEqual(paths, ['/data/file.bin', '/data/file.bin']);
});

test('a local mirror is read in place; one that differs is a warning, one without the file an error', async t => {
  const { cache, fetch } = await setUp(t);
  const mirror = temporaryFolder(t);
  await assert.rejects(fetch([], { mirror }), {
    message: `readPublished: mirror is ${mirror}, expected a folder with a file file.bin, or a URL`,
  });
  const warnings = collectWarnings(t);
  await writeFile(join(mirror, 'file.bin'), BYTES);
  await assertGood(fetch([], { mirror }));
  assert.deepEqual(await warnings(), []);
  await writeFile(join(mirror, 'file.bin'), 'other');
  const { content, verified } = await fetch([], { mirror });
  assert.equal(content.toString(), 'other');
  const difference = `its sha256 ${sha256(content)} differs from the published ${sha256(BYTES)}`;
  assert.equal(verified, `a stand-in from a local mirror, ${difference}`);
  assert.deepEqual(await warnings(), [
    `${join(mirror, 'file.bin')} is a stand-in for the published file: ${difference}`,
  ]);
  await assert.rejects(readdir(cache), { code: 'ENOENT' });
});

test('a cached file that is damaged is downloaded again, with a warning', async t => {
  const { cache, cached, fetch } = await setUp(t);
  await mkdir(cache);
  await writeFile(join(cache, 'file.bin'), BYTES.subarray(1));
  const warnings = collectWarnings(t);
  await assertGood(fetch(await serve(t, whole)));
  assert.deepEqual(await warnings(), [
    `${join(cache, 'file.bin')} is damaged (its checksum differs), downloading it again`,
  ]);
  assert.deepEqual(await cached(), ['file.bin']);
});

test('a cache that cannot be written names itself and the way out', async t => {
  const folder = temporaryFolder(t);
  const cache = join(folder, 'occupied', 'cache');
  await writeFile(join(folder, 'occupied'), 'a file where a folder is needed');
  const { fetch } = await setUp(t);
  await assert.rejects(
    fetch('http://127.0.0.1:1', { cache }),
    /readPublished: cache is \S+cache, expected a folder to write file.bin to \(ENOTDIR.*\); choose .* MIB_DATA_CACHE/,
  );
});

test('two calls at once download once', async t => {
  // appending to one part from two sides would spoil it
  const { cached, fetch } = await setUp(t);
  let requests = 0;
  const url = await serve(t, (request, response) => {
    requests++;
    whole(request, response);
  });
  await Promise.all([assertGood(fetch(url)), assertGood(fetch(url))]);
  assert.equal(requests, 1);
  assert.deepEqual(await cached(), ['file.bin']);
});

test('redirects are followed, but not in a circle', async t => {
  // both addresses at github.com answer with a redirect
  const { fetch } = await setUp(t);
  const url = await serve(t, (request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/here' }).end();
    else if (request.url === '/circle') response.writeHead(302, { location: '/circle' }).end();
    else whole(request, response);
  });
  await assert.rejects(fetch(`${url}/circle`), /the server answered 302 Found/);
  await assertGood(fetch(`${url}/moved`));
});

test('a server that closes the connection while the file is still being written is no trouble', async t => {
  // undici 7, and with it fetch in Node 22 and 24, dies of this with an assertion that cannot be caught
  const { cached, fetch } = await setUp(t);
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': BYTES.length, connection: 'close' }).end(BYTES);
  });
  await assertGood(fetch(url));
  assert.deepEqual(await cached(), ['file.bin']);
});

test('a part is never continued with bytes from elsewhere in the file', async t => {
  const { cache, fetch } = await withPart(t, BYTES.subarray(0, HALF));
  const url = await serve(t, (_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-${BYTES.length - 1}/${BYTES.length}` }).end(BYTES);
  });
  await assert.rejects(fetch(url), /the server answered 206 Partial Content/);
  assert.ok(BYTES.subarray(0, HALF).equals(await readFile(join(cache, 'file.bin.part'))));
});
