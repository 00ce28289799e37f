import './compiler'; // first: it mends the compiler that tslab loads

import { type ConvertResult, createConverter } from 'tslab/dist/converter';
import { createExecutor } from 'tslab/dist/executor';
import { JupyterHandlerImpl } from 'tslab/dist/jupyter';
import { expandShorthands } from './compiler';
import { describeFailure, type Failure } from './failure';

interface Session {
  readonly handler: JupyterHandlerImpl;
  interrupt(): void;
  /** Why the cell that ran last failed; null when it did not. */
  failure(): Failure | null;
}

/**
 * tslab, as the kernel and the executor both run it: cells are compiled under `strict`, and the reason for which a
 * cell failed is kept (tslab itself only prints it).
 *
 * Compiles and resolves imports relative to the working folder. A process can hold one session.
 */
export function startSession(): Session {
  let failure: Failure | null = null;
  let source = '';
  let compiled = '';
  const fail = (error: unknown) => {
    failure ??= describeFailure(error, source, compiled);
  };
  const node = createConverter({ isJS: false, isBrowser: false });
  const convert = (previous: string, cell: string): ConvertResult => {
    const result = node.convert(previous, expandShorthands(cell));
    compiled = result.output ?? '';
    for (const { start, messageText, fileName } of result.diagnostics) {
      const where = { line: start.line + 1, source: cell.split('\n')[start.line] };
      failure ??= { name: 'TypeScript', message: messageText, stack: [], ...(fileName ? {} : where) };
    }
    return result;
  };
  const converters = { node: { ...node, convert }, browser: node, close: () => node.close() };
  const executor = createExecutor(process.cwd(), converters, { log: console.log, error: fail });
  let running = false;
  const execute = async (cell: string) => {
    failure = null;
    source = cell;
    running = true;
    const done = await executor.execute(cell);
    await new Promise(setImmediate); // a promise that nobody awaited has rejected by now
    running = false;
    return done && failure === null;
  };
  const stray = (error: unknown) => (running ? fail(error) : console.error(error));
  process.on('uncaughtException', stray);
  process.on('unhandledRejection', stray);
  return {
    handler: new JupyterHandlerImpl({ ...executor, execute }, false),
    interrupt: executor.interrupt,
    failure: () => failure,
  };
}
