import { inspect } from 'node:util';

/** Why a cell failed. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  /** Line of the cell, counted from one, and its text; absent when the error did not arise in the cell. */
  readonly line?: number;
  readonly source?: string;
  /** The calls that led there, innermost first. */
  readonly stack: readonly string[];
}

/** A failure as Jupyter's `error` output has it. */
export function toJupyterError({ name, message, line, source, stack }: Failure) {
  const where = line ? [`  line ${line}: ${source?.trim()}`] : [];
  return { ename: name, evalue: message, traceback: [`${name}: ${message}`, ...where, ...stack] };
}

/**
 * What is known about an error that a cell threw.
 *
 * @param source the cell
 * @param compiled what tslab made of it, to which the line numbers of the error refer
 */
export function describeFailure(error: unknown, source: string, compiled: string): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: `thrown: ${inspect(error)}`, stack: [] };
  const { name, message, stack = '' } = error;
  const row = /evalmachine\.<anonymous>:(\d+)/.exec(stack)?.[1];
  const calls = stack.split('\n').filter(line => line.startsWith('    at '));
  const outside = calls.findIndex(call => call.includes('(node:vm:')); // tslab's own calls come after
  const inside = calls.slice(0, outside === -1 ? undefined : outside);
  return {
    name,
    message,
    // tslab numbers the lines that it compiled, not those of the cell
    stack: inside.map(call => call.replace(/evalmachine\.<anonymous>:\d+:\d+/, 'cell')),
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
