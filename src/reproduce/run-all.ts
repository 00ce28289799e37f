import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Pool } from '../train/node/pool';
import type { Progress } from '../types';
import type { Result, ResultsFile } from './results';
import { type Run, runId } from './run';
import type { Outcome } from './run-one';
import type { RunTask } from './worker';

/** Training rows of the whole data sets: what a run costs is in proportion to them. */
const ROWS = { 'fashion-mnist': 10_000, location30: 4_008, cifar10: 50_000, purchase100: 157_859 } as const;

/**
 * Performs all runs that `results` does not have yet, several at a time, each in a thread of its own.
 *
 * Every result is written when it comes. A run that fails is written with its error and does not stop the
 * others. When `signal` aborts, the runs under way stop; what they had trained a minute ago is kept in a folder
 * beside the results, and so is that of a process that is killed.
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
    /** State of a training is kept once in so many seconds; default 60. */
    readonly seconds?: number;
    /** Called as runs proceed; `done` counts samples trained on, so that runs of unlike size add up. */
    readonly onProgress?: (progress: Progress) => void;
    /** Called after each run. */
    readonly onResult?: (id: string, seconds: number, error?: string) => void;
  },
): Promise<{ succeeded: number; failed: number }> {
  const { command, workers = availableParallelism(), signal, onProgress, onResult } = options;
  const { seconds: pause = 60 } = options;
  const left = [...new Map(runs.map(run => [runId(run), run])).values()].filter(run => !results.has(run));
  const total = left.reduce((sum, run) => sum + cost(run), 0);
  const shares = new Map<string, number>();
  const counts = { succeeded: 0, failed: 0 };
  if (left.length === 0) return counts;
  const tell = () => {
    const done = left.reduce((sum, run) => sum + cost(run) * (shares.get(runId(run)) ?? 0), 0);
    const finished = counts.succeeded + counts.failed;
    const note = `run ${finished} of ${left.length}${counts.failed > 0 ? `, ${counts.failed} failed` : ''}`;
    onProgress?.({ done: Math.floor(done), total, unit: 'samples', note });
  };
  const commit = currentCommit();
  const checkpoints = `${results.path.replace(/\.jsonl$/, '')}.checkpoints`;
  const pool = await Pool.open<RunTask, Outcome, number>(join(__dirname, 'worker.js'), workers);
  const engine = `${pool.engine.name}, ${pool.engine.device}`;
  const one = async (run: Run) => {
    const id = runId(run);
    const folder = join(checkpoints, id);
    const start = new Date();
    const report = (share: number) => {
      shares.set(id, 0.99 * share); // the measurements are still to come
      tell();
    };
    const task = { run, checkpoints: { folder: join(folder, pool.engine.name), seconds: pause } };
    const found: Pick<Result, 'outcome' | 'error'> = await pool.run(task, { onProgress: report }).then(
      outcome => ({ outcome }),
      (error: Error) => ({ error: error.message }),
    );
    if (signal?.aborted) return;
    const seconds = (Date.now() - start.getTime()) / 1000;
    const made = { engine, node: process.version, commit, command, started: start.toISOString(), seconds };
    await results.append({ id, run, ...found, made });
    rmSync(folder, { recursive: true, force: true });
    shares.set(id, 1);
    counts[found.error === undefined ? 'succeeded' : 'failed']++;
    onResult?.(id, seconds, found.error);
    tell();
  };
  const stop = () => void pool.close();
  signal?.addEventListener('abort', stop);
  try {
    const next = left.values();
    const oneByOne = async () => {
      for (const run of next) if (!signal?.aborted) await one(run);
    };
    await Promise.all(Array.from({ length: workers }, oneByOne));
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.close();
    if (existsSync(checkpoints) && readdirSync(checkpoints).length === 0) rmdirSync(checkpoints);
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
