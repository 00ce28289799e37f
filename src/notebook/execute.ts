import { fork } from 'node:child_process';
import { basename, dirname, resolve } from 'node:path';
import type { Progress } from '../types';
import { type Failure, toJupyterError } from './failure';
import { type Notebook, type Output, readNotebook } from './notebook';
import type { Job, Report } from './worker';

/** A notebook stopped at a cell; `executed` holds what had been shown until then, the error included. */
export class CellError extends Error {
  constructor(
    readonly notebook: string,
    readonly cell: number,
    readonly failure: Failure,
    readonly executed: Notebook,
  ) {
    const where = failure.line ? `, line ${failure.line}: ${failure.source?.trim()}\n  ` : ': ';
    super(`${notebook}, cell ${cell}${where}${failure.name}: ${failure.message}`);
    this.name = 'CellError';
  }
}

interface ExecuteOptions {
  /** Called after each code cell. */
  readonly onProgress?: (progress: Progress) => void;
  /** Environment variables besides those of this process, e.g. `{ MIB_ENGINE: 'wasm' }`. */
  readonly env?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/**
 * Executes a notebook as a Jupyter front end would, in a process of its own and the notebook's folder, without
 * Jupyter or Python; returns it with fresh outputs and leaves the file alone.
 *
 * @throws CellError when a cell fails: names the notebook, the cell (all cells counted, from one), line and reason
 */
export async function executeNotebook(path: string, options: ExecuteOptions = {}): Promise<Notebook> {
  const notebook = await readNotebook(path);
  for (const cell of notebook.cells.filter(each => each.cell_type === 'code')) {
    cell.outputs = [];
    cell.execution_count = null;
  }
  const code = notebook.cells.filter(cell => cell.cell_type === 'code' && cell.source.trim() !== '');
  const displays = new Map<string, Output & { output_type: 'display_data' }>();
  let failed: { cell: number; failure: Failure } | undefined;

  const receive = (report: Report) => {
    const cell = code[report.count - 1];
    const outputs = cell.outputs as Output[];
    if (report.kind === 'stream') {
      const last = outputs.at(-1);
      if (last?.output_type === 'stream' && last.name === report.name) last.text += report.text;
      else outputs.push({ output_type: 'stream', name: report.name, text: report.text });
    } else if (report.kind === 'display') {
      const { id = '', update, data, metadata } = report;
      const known = displays.get(id);
      if (update && known) return void Object.assign(known, { data, metadata });
      const output = { output_type: 'display_data' as const, data, metadata };
      outputs.push(output);
      if (id) displays.set(id, output);
    } else {
      cell.execution_count = report.count;
      if (report.failure) {
        outputs.push({ output_type: 'error', ...toJupyterError(report.failure) });
        failed = { cell: notebook.cells.indexOf(cell) + 1, failure: report.failure };
      }
      options.onProgress?.({ done: report.count, total: code.length, unit: 'cells' });
    }
  };

  let finished = 0;
  const left = await inChild({ cells: code.map(cell => cell.source) }, path, options, report => {
    receive(report);
    if (report.kind === 'done') finished = report.count;
  });
  if (!failed && finished < code.length) {
    const failure = { name: 'Error', message: `the process ended: ${left}`, stack: [] };
    failed = { cell: notebook.cells.indexOf(code[finished]) + 1, failure };
  }
  if (failed) throw new CellError(basename(path), failed.cell, failed.failure, notebook);
  return notebook;
}

/** Runs `job` in a child; resolves, once it has ended, with how it ended and the last that it wrote. */
function inChild(
  job: Job,
  path: string,
  { env, signal }: ExecuteOptions,
  receive: (report: Report) => void,
): Promise<string> {
  return new Promise((done, fail) => {
    const child = fork(require.resolve('./worker'), {
      cwd: dirname(resolve(path)),
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      signal,
      killSignal: 'SIGKILL',
    });
    let tail = ''; // what bypassed tslab: native libraries, a crash
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', chunk => {
        tail = (tail + chunk).slice(-2000);
      });
    }
    child.on('message', message => receive(message as Report));
    child.on('error', fail);
    child.on('close', (status, killer) => done(`${killer ?? `status ${status}`}\n${tail}`.trim()));
    child.send(job);
  });
}
