import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { drawQueries, probe } from '../../../src/probe/probe';
import { type ModelServer, serveModel } from '../../../src/probe/remote/server';
import { Random } from '../../../src/random';
import { serve, temporaryFolder } from '../../fixtures';
import { faultModel, faultOptions, faultSamples } from './fault-setting';

const KILLS = 20;

type Fault =
  | 'none'
  | 'drop question'
  | 'drop answer'
  | 'delay'
  | 'truncate'
  | 'duplicate'
  | 'echo'
  | '429'
  | '500';
/** Each fault with the sum of its probability and those before it. */
const FAULTS: [fault: Fault, below: number][] = [
  ['drop question', 0.05],
  ['drop answer', 0.1],
  ['delay', 0.2],
  ['truncate', 0.25],
  ['duplicate', 0.3],
  ['echo', 0.35],
  ['429', 0.4],
  ['500', 0.42],
];

/** A proxy that mistreats the requests to `server` at random, and calls `before` for each. */
async function faultyProxy(t: TestContext, server: ModelServer, before: () => void): Promise<string> {
  const random = new Random(4, 'faults');
  const fate = (): Fault => {
    const drawn = random.next();
    return FAULTS.find(([, below]) => drawn < below)?.[0] ?? 'none';
  };
  const forward = async (request: IncomingMessage, body: string) => {
    const reply = await fetch(server.origin + request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return reply.text();
  };
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    before();
    const fault = fate();
    if (fault === 'drop question') return void response.destroy();
    if (fault === '429') return void response.writeHead(429, { 'retry-after': '0' }).end();
    if (fault === '500') return void response.writeHead(500).end('broken');
    if (fault === 'delay') await sleep(40);
    if (fault === 'duplicate') await forward(request, body);
    const answer = await forward(request, body);
    const length = Buffer.byteLength(answer);
    if (fault === 'drop answer') response.destroy();
    else if (fault === 'truncate') {
      response.writeHead(200, { 'content-length': length });
      response.write(answer.slice(0, length / 2), () => response.destroy());
    } else if (fault === 'echo') {
      // the answer twice on one connection: the second must not pass for the next one
      request.socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n${answer}`.repeat(2));
    } else response.writeHead(200, { 'content-length': length }).end(answer);
  };
  const address = await serve(t, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  return server.openinference.replace(server.origin, address);
}

test(`a bad line and ${KILLS} × kill -9 lose nothing and ask nothing twice that was answered`, async t => {
  const folder = temporaryFolder(t);
  const ledger = join(folder, 'ledger.jsonl');
  const server = await serveModel(faultModel, { shape: faultSamples.shape });
  t.after(() => server.close());

  const random = new Random(4, 'kills');
  let client: ChildProcess | undefined;
  let untilKill = 0;
  let kills = 0;
  const url = await faultyProxy(t, server, () => {
    if (kills >= KILLS || --untilKill > 0) return;
    // at any phase: while asking, while the answer is on its way, while it is written down
    if (client?.exitCode === null) setTimeout(() => client?.kill('SIGKILL') && kills++, random.integer(6));
    untilKill = Number.POSITIVE_INFINITY;
  });

  let output = '';
  for (let starts = 0; output === ''; starts++) {
    assert.ok(starts < 100, 'no end in sight');
    untilKill = 1 + random.integer(5);
    client = spawn(process.execPath, [require.resolve('./fault-client'), url, ledger]);
    client.stdout?.on('data', data => {
      output += data;
    });
    let complaint = '';
    client.stderr?.on('data', data => {
      complaint += data;
    });
    const [code, signal] = await once(client, 'close');
    // a status of 500 or ever new faults end the process too, with a reason; nothing else may
    if (code !== 0 && signal === null) assert.match(complaint, /probe: quer(y|ies) .*httpModel/);
  }
  assert.equal(kills, KILLS);

  const truth = await probe(faultModel, faultSamples, faultOptions);
  assert.deepEqual(JSON.parse(output), { hits: truth.hits, queries: truth.queries });
  const answered = new Set<number>();
  const order = drawQueries(faultSamples, faultOptions);
  for (const line of readFileSync(ledger, 'utf8').trim().split('\n')) {
    const { query, row, label, sent = [] } = JSON.parse(line);
    for (const again of sent) assert.ok(!answered.has(again), `query ${again} was sent after its answer`);
    if (query === undefined) continue;
    assert.ok(!answered.has(query), `query ${query} is answered twice`);
    answered.add(query);
    const [place, triggered] = [query % faultOptions.queries, query < faultOptions.queries];
    assert.equal(row, order[place]);
    assert.equal(label, (triggered ? truth : truth.control)?.predictions[place]);
  }
  assert.equal(answered.size, 2 * faultOptions.queries);
});
