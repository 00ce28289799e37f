/*
 * node dist/test/bench/probing.js [repetitions]
 *
 * 10,000 queries over loopback, in batches of 1 and of 64: a bare undici client that sends ready-made bodies,
 * beside `probe` with `httpModel`, without and with a ledger. The server runs in another process. Prints medians
 * of queries a second and their share of the bare client's; the same by the CPU time of both processes together,
 * which is steadier on a busy machine; and the memory after each round.
 *
 * Then samples a second of `httpModel` alone with the tensors as JSON and as bytes (option `binary`), asked of a
 * server that does no more than read the numbers; and the bytes of a request.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { takeSamples } from '../../src/data/take';
import { stamp } from '../../src/mark/stamp';
import { squareTrigger } from '../../src/mark/trigger';
import { drawQueries, probe } from '../../src/probe/probe';
import { decodeTensor, JSON_LENGTH_HEADER, unpackMessage } from '../../src/probe/remote/binary';
import { httpModel } from '../../src/probe/remote/http';
import { openInference } from '../../src/probe/remote/protocols';
import { serveModel } from '../../src/probe/remote/server';
import type { BlackBox, Samples } from '../../src/types';

const QUERIES = 10_000;
const shape = [28, 28, 1];
const samples: Samples = {
  x: Uint8Array.from({ length: 12_000 * 784 }, (_, i) => (i * 2654435761) >>> 24),
  y: new Uint8Array(12_000),
  count: 12_000,
  shape,
};
const trigger = squareTrigger({ shape, size: 3, row: 24, column: 24, value: 255, opacity: 1 });
const options = { trigger, target: 1, queries: QUERIES, seed: 1 };
const speech = { classes: 10, preprocess: { datatype: 'UINT8' }, answers: 'label', input: 'input' } as const;

const model: BlackBox = {
  classes: 10,
  predict: async ({ x, count }) => Int32Array.from({ length: count }, (_, row) => x[row * 784] % 10),
};

async function bare(url: string, bodies: readonly string[]): Promise<void> {
  const dispatcher = new Agent();
  const headers = { 'content-type': 'application/json' };
  for (const body of bodies) {
    const response = await request(`${url}/infer`, { method: 'POST', headers, body, dispatcher });
    await response.body.json();
  }
  await dispatcher.close();
}

async function bodiesOf(batchSize: number): Promise<string[]> {
  const protocol = openInference(speech, () => Promise.reject(new Error('no metadata needed')));
  const rows = drawQueries(samples, options);
  const bodies: string[] = [];
  for (let start = 0; start < QUERIES; start += batchSize) {
    const batch = stamp(takeSamples(samples, rows.subarray(start, start + batchSize)), trigger);
    bodies.push(String((await protocol(batch)).body));
  }
  return bodies;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const seconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6;

/** JSON beside bytes, for data types and batch sizes. */
async function compareForms(url: string, repetitions: number): Promise<void> {
  const kinds = [
    { shape, preprocess: { datatype: 'UINT8' } },
    { shape: [32, 32, 3], preprocess: { scale: 1 / 255 } },
  ] as const;
  for (const { shape, preprocess } of kinds) {
    for (const batchSize of [1, 64]) {
      const size = shape[0] * shape[1] * shape[2];
      const batch = { x: samples.x.subarray(0, batchSize * size), y: samples.y, count: batchSize, shape };
      const requests = batchSize === 1 ? 2000 : 64;
      const forms = [false, true].map(binary => {
        const tensors = { ...speech, preprocess, binary };
        const box = httpModel({ ...tensors, protocol: 'openinference', url });
        return { binary, box, protocol: openInference(tensors, async () => null), rates: [] as number[] };
      });
      for (let i = 0; i <= repetitions; i++) {
        for (const { box, rates } of forms) {
          const start = performance.now();
          for (let j = 0; j < requests; j++) await box.predict(batch);
          if (i > 0) rates.push((requests * batchSize) / ((performance.now() - start) / 1000)); // the first warms up
        }
      }
      const { datatype = 'FP32' } = preprocess as { datatype?: string };
      for (const { binary, protocol, rates } of forms) {
        const requestBytes = Buffer.from((await protocol(batch)).body).length;
        const samplesPerSecond = Math.round(median(rates));
        console.log(JSON.stringify({ shape, datatype, batchSize, binary, requestBytes, samplesPerSecond }));
      }
    }
  }
}

async function main(): Promise<void> {
  const repetitions = Number(process.argv[2] ?? 5);
  const server = fork(__filename, ['serve']);
  const [{ url, reader }] = (await once(server, 'message')) as [{ url: string; reader: string }];
  const cpuSeconds = async () => {
    server.send('cpu');
    const [usage] = await once(server, 'message');
    return seconds(usage) + seconds(process.cpuUsage());
  };
  const folder = mkdtempSync(join(tmpdir(), 'mib-bench-'));
  for (const batchSize of [1, 64]) {
    const bodies = await bodiesOf(batchSize);
    const box = httpModel({ ...speech, protocol: 'openinference', url });
    let ledgers = 0;
    const ways = {
      bare: () => bare(url, bodies),
      probe: () => probe(box, samples, { ...options, batchSize }),
      'probe, ledger': () =>
        probe(box, samples, { ...options, batchSize, ledger: join(folder, `${batchSize}-${ledgers++}`) }),
    };
    const rounds = Object.keys(ways).map(name => ({ name, wall: [] as number[], cpu: [] as number[] }));
    const memory: number[] = [];
    for (let i = 0; i <= repetitions; i++) {
      for (const [j, run] of Object.values(ways).entries()) {
        const [start, cpuStart] = [performance.now(), await cpuSeconds()];
        await run();
        const [wall, cpu] = [(performance.now() - start) / 1000, (await cpuSeconds()) - cpuStart];
        if (i === 0) continue; // warms up
        rounds[j].wall.push(wall);
        rounds[j].cpu.push(cpu);
      }
      memory.push(Math.round(process.memoryUsage().rss / 2 ** 20));
    }
    const medians = rounds.map(({ name, wall, cpu }) => ({ name, wall: median(wall), cpu: median(cpu) }));
    for (const { name, wall, cpu } of medians) {
      const share = Number((medians[0].wall / wall).toFixed(2));
      const cpuShare = Number((medians[0].cpu / cpu).toFixed(2));
      console.log(
        JSON.stringify({ batchSize, name, queriesPerSecond: Math.round(QUERIES / wall), share, cpuShare }),
      );
    }
    console.log(JSON.stringify({ batchSize, residentMB: memory }));
  }
  rmSync(folder, { recursive: true });
  await compareForms(reader, repetitions);
  server.kill();
}

/** Reads the numbers of a request, and answers label 0 for each sample. */
async function read(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  request.on('data', chunk => chunks.push(chunk));
  await once(request, 'end');
  const body = Buffer.concat(chunks);
  const length = request.headers[JSON_LENGTH_HEADER];
  const { inputs } = (
    length === undefined ? JSON.parse(String(body)) : unpackMessage(body, length, 'inputs')
  ) as { inputs: { shape: number[]; datatype: string; data: number[] | Buffer }[] };
  const [{ shape, datatype, data }] = inputs;
  const numbers = Buffer.isBuffer(data) ? decodeTensor(datatype, data) : data;
  if (numbers.length !== shape.reduce((a, b) => a * b)) throw new Error('wrong size');
  const answer = { name: 'output', datatype: 'INT64', shape: [shape[0]], data: new Array(shape[0]).fill(0) };
  response.end(JSON.stringify({ outputs: [answer] }));
}

async function serve(): Promise<void> {
  const { openinference: url } = await serveModel(model, { shape });
  const server = createServer((request, response) => {
    read(request, response).catch(() => response.writeHead(400).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.({ url, reader: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  process.on('message', () => process.send?.(process.cpuUsage()));
}

(process.argv[2] === 'serve' ? serve() : main()).catch(error => {
  console.error(error);
  process.exitCode = 1;
});
