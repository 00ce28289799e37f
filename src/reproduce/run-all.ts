import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Progress } from '../types';
import type { ResultsFile } from './results';
import { type Run, runId } from './run';
import type { Answer } from './worker';

/** Training rows of the whole data sets: what a run costs is in proportion to them. */
const ROWS = { 'fashion-mnist': 10_000, location30: 4_008, cifar10: 50_000, purchase100: 157_859 } as const;

/**
 * Performs all runs that `results` does not have yet, several at a time, each in a thread of its own.
 *
 * Every result is written when it comes. A run that fails is written with its error and does not stop the
 * others. When `signal` aborts, the runs under way are given up, and nothing else is lost.
 *
 * @param workers how many at a time; all processor cores by default. One is best where the engine itself uses
 *   the whole machine (native TensorFlow) or one graphics card
 * @returns how many runs succeeded and failed
 */
export async function performAll(
  runs: readonly Run[],
  results: ResultsFile,
  options: {
    readonly command: string;
    readonly workers?: number;
    readonly signal?: AbortSignal;
    /** Called as runs proceed; `done` counts samples trained on, so that runs of unlike size add up. */
    readonly onProgress?: (progress: Progress) => void;
    /** Called after each run. */
    readonly onResult?: (id: string, seconds: number, error?: string) => void;
  },
): Promise<{ succeeded: number; failed: number }> {
  const { command, workers = availableParallelism(), signal, onProgress, onResult } = options;
  const left = [...new Map(runs.map(run => [runId(run), run])).values()].filter(run => !results.has(run));
  const total = left.reduce((sum, run) => sum + cost(run), 0);
  const shares = new Map<string, number>();
  const counts = { succeeded: 0, failed: 0 };
  const tell = () => {
    const done = left.reduce((sum, run) => sum + cost(run) * (shares.get(runId(run)) ?? 0), 0);
    const finished = counts.succeeded + counts.failed;
    const note = `run ${finished} of ${left.length}${counts.failed > 0 ? `, ${counts.failed} failed` : ''}`;
    onProgress?.({ done: Math.floor(done), total, unit: 'samples', note });
  };
  const commit = currentCommit();
  const pool = new Piscina({
    filename: join(__dirname, 'worker.js'),
    minThreads: 1,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  const one = async (run: Run) => {
    const id = runId(run);
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (share: number) => {
      shares.set(id, 0.99 * share); // the measurements are still to come
      tell();
    });
    port1.unref();
    const answer: Answer = await pool
      .run({ run, port: port2 }, { transferList: [port2], signal })
      .catch((error: Error) => ({ engine: '', started: '', seconds: 0, error: error.message }));
    port1.close();
    if (signal?.aborted) return;
    shares.set(id, 1);
    counts[answer.error === undefined ? 'succeeded' : 'failed']++;
    const { engine, started, seconds, ...found } = answer;
    const made = { engine, node: process.version, commit, command, started, seconds };
    results.append({ id, run, ...found, made });
    onResult?.(id, seconds, answer.error);
    tell();
  };
  try {
    // the pool's own queue does not keep the order
    const next = left.values();
    const oneByOne = async () => {
      for (const run of next) if (!signal?.aborted) await one(run);
    };
    await Promise.all(Array.from({ length: workers }, oneByOne));
  } finally {
    await pool.destroy();
  }
  return counts;
}

function cost({ dataset, rows, epochs, shadows }: Run): number {
  return (
    epochs * (shadows === undefined ? (rows ?? ROWS[dataset]) : ((1 + shadows) * (rows ?? ROWS[dataset])) / 2)
  );
}

function currentCommit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: __dirname,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    return git('rev-parse', '--short=10', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : '+');
  } catch {
    return ''; // not a checkout
  }
}
