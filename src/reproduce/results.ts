import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { takeLock } from '../lock';
import { type Run, runId, runSchema } from './run';
import type { Outcome } from './run-one';

/** Where and by what a result was made: the part that differs from one machine and day to the next. */
export interface Circumstances {
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

const line = z
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
 * The results of runs, one JSON object a line, appended as they come and on the disk before they count.
 *
 * A run that was done once is not done again; one that failed is, and its new line replaces the old one for
 * whoever reads. So files of several shards are merged by writing them one after the other. The last line, torn
 * by a crash, is dropped with a warning; other damage is refused.
 */
export class ResultsFile {
  private size = 0;

  private constructor(
    readonly path: string,
    private readonly file: number,
    private readonly unlock: () => void,
    readonly results: Map<string, Result>,
  ) {}

  /**
   * Starts the file at `path`, or continues it.
   *
   * @throws when another process has it open or it is damaged
   */
  static open(path: string): ResultsFile {
    mkdirSync(dirname(path), { recursive: true });
    const unlock = takeLock(path);
    let file: number | undefined;
    try {
      file = openSync(path, 'a+');
      const bytes = readFileSync(path);
      const whole = bytes.lastIndexOf('\n') + 1;
      if (whole < bytes.length) {
        ftruncateSync(file, whole);
        process.emitWarning(`${path}: dropped the torn last line; its run will be done again`);
      }
      const opened = new ResultsFile(
        path,
        file,
        unlock,
        parseResults(path, bytes.toString('utf8', 0, whole)),
      );
      opened.size = whole;
      return opened;
    } catch (error) {
      if (file !== undefined) closeSync(file);
      unlock();
      throw error;
    }
  }

  has(run: Run): boolean {
    return this.results.get(runId(run))?.outcome !== undefined;
  }

  /** Adds a result; it is on the disk when this returns. */
  append(result: Result): void {
    const bytes = Buffer.from(`${JSON.stringify(result)}\n`);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.file, bytes, written);
      fsyncSync(this.file);
    } catch (error) {
      ftruncateSync(this.file, this.size); // half a line would be damage in the middle of the file
      throw error;
    }
    this.size += bytes.length;
    this.results.set(result.id, result);
  }

  close(): void {
    closeSync(this.file);
    this.unlock();
  }
}

/** The results in a file's text by id; where a run occurs twice, an outcome goes before an error. */
export function parseResults(path: string, text: string): Map<string, Result> {
  const results = new Map<string, Result>();
  text.split('\n').forEach((content, i, all) => {
    if (content === '' && i === all.length - 1) return;
    let result: Result;
    try {
      result = line.parse(JSON.parse(content)) as unknown as Result;
    } catch (error) {
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
      throw new Error(`parseResults: ${path}:${i + 1}: ${reason}`);
    }
    if (result.outcome !== undefined || results.get(result.id)?.outcome === undefined) {
      results.set(result.id, result);
    }
  });
  return results;
}
