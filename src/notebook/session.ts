import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import type { ConvertResult } from 'tslab/dist/converter';
import type { JupyterHandlerImpl } from 'tslab/dist/jupyter';

/** Why a cell failed. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  /** Line of the cell, counted from one, and its text; absent when the error did not arise in the cell. */
  readonly line?: number;
  readonly source?: string;
  /** The whole story, as JavaScript tells it. */
  readonly stack: string;
}

export interface Session {
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
  const expandShorthands = mendCompiler();
  const { createConverter } = require('tslab/dist/converter') as typeof import('tslab/dist/converter');
  const { createExecutor } = require('tslab/dist/executor') as typeof import('tslab/dist/executor');
  const { JupyterHandlerImpl } = require('tslab/dist/jupyter') as typeof import('tslab/dist/jupyter');

  let failure: Failure | null = null;
  let source = '';
  let compiled = '';
  const fail = (error: unknown) => {
    failure ??= describe(error, source, compiled);
  };
  const node = createConverter({ isJS: false, isBrowser: false });
  const convert = (previous: string, cell: string): ConvertResult => {
    const result = node.convert(previous, expandShorthands(cell));
    compiled = result.output ?? '';
    for (const { start, messageText, fileName } of result.diagnostics) {
      const where = { line: start.line + 1, source: cell.split('\n')[start.line] };
      failure ??= { name: 'TypeScript', message: messageText, stack: '', ...(fileName ? {} : where) };
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

/**
 * Turns `strict` on in the compiler that tslab is about to load: tslab has no setting for it. Returns what mends a
 * slip of tslab's: `{ t }` with `t` from an earlier cell is "not defined", `{ t: t }` is.
 */
function mendCompiler(): (cell: string) => string {
  const path = createRequire(require.resolve('tslab/dist/converter')).resolve('@tslab/typescript-for-tslab');
  const typescript = require(path) as typeof import('typescript');
  const createWatchCompilerHost = (files: string[], options: object, ...rest: unknown[]) =>
    Reflect.apply(typescript.createWatchCompilerHost, null, [files, { ...options, strict: true }, ...rest]);
  const loaded = require.cache[path] as NodeJS.Module; // its exports cannot be assigned to, but exchanged
  loaded.exports = { ...typescript, createWatchCompilerHost };

  return cell => {
    const names: { text: string; end: number }[] = [];
    const collect = (node: import('typescript').Node): void => {
      if (typescript.isShorthandPropertyAssignment(node))
        names.push({ text: node.name.text, end: node.name.end });
      typescript.forEachChild(node, collect);
    };
    collect(typescript.createSourceFile('cell.ts', cell, typescript.ScriptTarget.ES2022));
    return names.reduceRight(
      (code, { text, end }) => `${code.slice(0, end)}: ${text}${code.slice(end)}`,
      cell,
    );
  };
}

function describe(error: unknown, source: string, compiled: string): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: `thrown: ${inspect(error)}`, stack: '' };
  const { name, message, stack = '' } = error;
  const row = /evalmachine\.<anonymous>:(\d+)/.exec(stack)?.[1];
  return {
    name,
    message,
    stack,
    ...(row && nearestLine(source, compiled.split('\n')[Number(row) - 1] ?? '')),
  };
}

/** The line of `source` that shares most words with a compiled line: tslab compiles twice and maps nothing. */
function nearestLine(source: string, compiled: string): { line: number; source: string } | undefined {
  const words = new Set(compiled.match(/[\w$]+/g));
  const scores = source.split('\n').map(text => {
    const own = new Set(text.replace(/\/\/.*/, '').match(/[\w$]+/g));
    const shared = [...own].filter(word => words.has(word)).length;
    return shared / Math.sqrt(Math.max(1, own.size));
  });
  const best = scores.indexOf(Math.max(...scores));
  return scores[best] > 0 ? { line: best + 1, source: source.split('\n')[best].trim() } : undefined;
}
