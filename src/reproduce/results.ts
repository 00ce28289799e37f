import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Journal } from '../journal';
import { type Run, runId, runSchema } from './run';
import type { Outcome } from './run-one';

/** Where and by what a result was made: the part that differs from one machine and day to the next. */
interface Circumstances {
  /** The engine and its device, e.g. `wasm, WebAssembly SIMD, 1 thread`; empty if none started. */
  readonly engine: string;
  readonly node: string;
  /** The commit of the code, `+` behind it if files differed. */
  readonly commit: string;
  readonly command: string;
  /** When the run began, UTC. */
  readonly started: string;
  readonly seconds: number;
}

/** One line of a results file: a run and what it came to, or why it failed. */
export interface Result {
  readonly id: string;
  readonly run: Run;
  readonly outcome?: Outcome;
  readonly error?: string;
  readonly made: Circumstances;
}

const schema = z
  .strictObject({
    id: z.string(),
    run: runSchema,
    outcome: z.looseObject({}).optional(),
    error: z.string().optional(),
    made: z.looseObject({}),
  })
  .refine(({ id, run }) => id === runId(run), 'the id is not that of the run')
  .refine(({ outcome, error }) => (outcome === undefined) !== (error === undefined), 'no outcome, no error');

/**
 * The results of runs, a {@link Journal}.
 *
 * A run that was done is not done again; one that failed is, and its new result replaces the old one. Files of
 * several shards are merged by concatenation.
 */
export class ResultsFile {
  /** By id of the run; where a run occurs twice, an outcome goes before an error. */
  readonly results = new Map<string, Result>();
  private readonly journal: Journal<Result>;

  /**
   * Starts the file at `path`, or continues it.
   *
   * @throws when another process has it open, it is damaged or no file of results
   */
  constructor(readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
    const kind = { caller: 'ResultsFile', format: 'mib-results', version: 1, chained: false, mode: 0o666 };
    const lines = schema as unknown as z.ZodType<Result>;
    this.journal = Journal.open(path, { ...kind, about: {}, schema: lines }, result => this.take(result));
  }

  has(run: Run): boolean {
    return this.results.get(runId(run))?.outcome !== undefined;
  }

  /** Adds a result; it is on the disk when this resolves. */
  async append(result: Result): Promise<void> {
    this.journal.append([result]);
    await this.journal.flush();
    this.take(result);
  }

  close(): void {
    this.journal.close();
  }

  private take(result: Result): void {
    if (result.outcome !== undefined || !this.has(result.run)) this.results.set(result.id, result);
  }
}
