import { createRequire } from 'node:module';

// tslab's own copy of TypeScript, before tslab loads it: this file is imported ahead of tslab's
const path = createRequire(require.resolve('tslab/package.json')).resolve('@tslab/typescript-for-tslab');
const typescript = require(path) as typeof import('typescript');

// tslab has no setting for `strict`: turn it on where the options are handed to the compiler
const createWatchCompilerHost = (files: string[], options: object, ...rest: unknown[]) =>
  Reflect.apply(typescript.createWatchCompilerHost, null, [files, { ...options, strict: true }, ...rest]);

// a module that is loaded stays as it is: looking for changes of files finds nothing, and a file that appears while
// a cell is compiled makes tslab throw "Unexpected pending rebuildTimer"
const nothing = { close: () => {} };
Object.assign(typescript.sys, { watchFile: () => nothing, watchDirectory: () => nothing });

// packages that ship no types, as jstat, may be imported all the same
const UNTYPED_MODULE = 7016;
const { getPreEmitDiagnosticsOfFiles } = typescript as unknown as Record<string, Diagnose>;
type Diagnose = (...all: unknown[]) => { code: number }[];
const diagnose: Diagnose = (...all) =>
  getPreEmitDiagnosticsOfFiles(...all).filter(({ code }) => code !== UNTYPED_MODULE);

const loaded = require.cache[path] as NodeJS.Module; // its exports cannot be assigned to, but exchanged
loaded.exports = { ...typescript, createWatchCompilerHost, getPreEmitDiagnosticsOfFiles: diagnose };

/** Works around an error of tslab: `{ t }` with `t` from an earlier cell fails as "not defined", `{ t: t }` works. */
export function expandShorthands(cell: string): string {
  const names: { text: string; end: number }[] = [];
  const collect = (node: import('typescript').Node): void => {
    if (typescript.isShorthandPropertyAssignment(node))
      names.push({ text: node.name.text, end: node.name.end });
    typescript.forEachChild(node, collect);
  };
  collect(typescript.createSourceFile('cell.ts', cell, typescript.ScriptTarget.ES2022));
  return names.reduceRight((code, { text, end }) => `${code.slice(0, end)}: ${text}${code.slice(end)}`, cell);
}
