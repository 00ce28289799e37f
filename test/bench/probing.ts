/*
 * node dist/test/bench/probing.js [repetitions]
 *
 * 2,000 queries over loopback, in batches of 1 and of 64: a bare undici client that sends ready-made bodies,
 * beside `probe` with `httpModel`, without and with a ledger. The server runs in another process. Prints medians
 * of queries a second and their share of the bare client's; the same by the CPU time of both processes together,
 * which is steadier on a busy machine; and the memory after each round.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { takeSamples } from '../../src/data/take';
import { stamp } from '../../src/mark/stamp';
import { squareTrigger } from '../../src/mark/trigger';
import { drawQueries, probe } from '../../src/probe/probe';
import { httpModel } from '../../src/probe/remote/http';
import { ledgerIn } from '../../src/probe/remote/ledger';
import { openInference } from '../../src/probe/remote/protocols';
import { serveModel } from '../../src/probe/remote/server';
import type { BlackBox, Samples } from '../../src/types';

const QUERIES = 2_000;
const shape = [28, 28, 1];
const samples: Samples = {
  x: Uint8Array.from({ length: 12_000 * 784 }, (_, i) => (i * 2654435761) >>> 24),
  y: new Uint8Array(12_000),
  count: 12_000,
  shape,
};
const trigger = squareTrigger({ shape, size: 3, row: 24, column: 24, value: 255, opacity: 1 });
const options = { trigger, target: 1, queries: QUERIES, seed: 1, control: false };
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

async function main(): Promise<void> {
  const repetitions = Number(process.argv[2] ?? 5);
  const server = fork(__filename, ['serve']);
  const [url] = (await once(server, 'message')) as [string];
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
        probe(box, samples, {
          ...options,
          batchSize,
          ledger: ledgerIn(join(folder, `${batchSize}-${ledgers++}`)),
        }),
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
  server.kill();
}

async function serve(): Promise<void> {
  const { openinference: url } = await serveModel(model, { shape });
  process.send?.(url);
  process.on('message', () => process.send?.(process.cpuUsage()));
}

(process.argv[2] === 'serve' ? serve() : main()).catch(error => {
  console.error(error);
  process.exitCode = 1;
});
