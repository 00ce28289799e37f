import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix, sep } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { ROOT } from '../src/paths';

/*
 * The house, held: which room may import which, how long files are, and that every export has a user.
 * Rooms are folders of src/; the table is the one of the design, its exceptions are named with their reason.
 */

/** All offenders, one a line: the difference of two lists would be cut. */
const assertNone = (wrong: readonly string[]) => assert.ok(wrong.length === 0, `\n${wrong.join('\n')}`);

/** A room → the rooms that its files may import. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  shared: [],
  files: ['shared'],
  data: ['files', 'shared'],
  mark: ['shared'],
  engine: ['shared'],
  train: ['engine', 'shared'],
  'train/node': ['train', 'engine', 'files', 'shared'],
  probe: ['mark', 'train', 'shared'],
  'probe/remote': ['probe', 'mark', 'train', 'train/node', 'files', 'shared'],
  decide: ['shared'],
  claim: ['data', 'mark', 'probe', 'probe/remote', 'decide', 'files', 'shared'],
  report: ['files', 'shared'],
};
const LIBRARY = Object.keys(MAY_IMPORT);
MAY_IMPORT.reproduce = LIBRARY;
MAY_IMPORT.index = [...LIBRARY, 'reproduce'];
MAY_IMPORT.notebook = [...LIBRARY, 'index'];
MAY_IMPORT.cli = [...LIBRARY, 'index'];

/** Files that any room may import, because they compute on samples and know nothing else. */
const PURE = ['data/take.ts'];

const SHARED = ['types.ts', 'random.ts', 'check.ts'];
/** Read in an afternoon; comments and blank lines count. The aim is 2,900; 3,500 with all that is planned. */
const CORE_LINES = 3_300;
const FILE_LINES = 300;

/** What fits beside the text on a page, and what is read at a glance. */
const CELL_WIDTH = 88;
const CELL_LINES = 12;
/** The aim is about 80. */
const NOTEBOOK_LINES = 165;

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const list = (folder: string, end: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map(path => path.split(sep).join('/'))
    .filter(path => path.endsWith(end))
    .sort();

function roomOf(file: string): string {
  if (SHARED.includes(file)) return 'shared';
  if (file === 'index.ts') return 'index';
  if (file === 'cli.ts') return 'cli';
  if (!file.includes('/')) return 'files';
  return /^(train\/node|probe\/remote|[^/]+)/.exec(file)?.[1] as string;
}

/** Files of the core are read first; what they import runs in a browser. */
const isCore = (file: string) =>
  ['shared', 'mark', 'train', 'train/node', 'probe', 'decide'].includes(roomOf(file));

interface Module {
  readonly file: string;
  readonly lines: number;
  /** Files of ours that it names, in whatever way: imports, types, `require`, programs that it starts. */
  readonly ours: Set<string>;
  readonly builtins: string[];
  /** Name → whether it is a type only. */
  readonly exports: Map<string, boolean>;
  /** `file name` of all that it imports; `file *` where all of a file is. */
  readonly names: Set<string>;
}

const files = list('src', '.ts');
// AssemblyScript has types of its own; it is one program with its own compiler
const modules = files.filter(file => !file.includes('assembly/') && !file.endsWith('.d.ts'));

/** What the file at `path` (in the repository) imports and exports. */
function parse(path: string): Module {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2022, true);
  const module: Module = {
    file: path.replace(/^src\//, ''),
    lines: source.text.split('\n').length - 1,
    ours: new Set(),
    builtins: [],
    exports: new Map(),
    names: new Set(),
  };
  const resolve = (name: string): string | undefined => {
    const target = posix.join(posix.dirname(path), name).replace(/\.js$/, '');
    return [`${target}.ts`, `${target}/index.ts`]
      .map(each => each.replace(/^src\//, ''))
      .find(each => modules.includes(each));
  };
  const take = (from: ts.Expression | undefined, names: readonly string[]) => {
    const file = from && ts.isStringLiteral(from) && resolve(from.text);
    if (file) for (const name of names) module.names.add(`${file} ${name}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) {
      const file = /^\.\.?\//.test(node.text) ? resolve(node.text) : undefined;
      if (file) module.ours.add(file);
      const parent = node.parent;
      const imported =
        ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isCallExpression(parent);
      if (imported && (node.text.startsWith('node:') || isBuiltin(node.text)))
        module.builtins.push(node.text);
    }
    if (ts.isImportDeclaration(node)) {
      const bindings = node.importClause?.namedBindings;
      const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
      const names = named.map(each => (each.propertyName ?? each.name).text);
      take(node.moduleSpecifier, bindings && ts.isNamespaceImport(bindings) ? ['*'] : names);
    } else if (ts.isExportDeclaration(node)) {
      const named =
        node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : [];
      take(
        node.moduleSpecifier,
        named.length ? named.map(each => (each.propertyName ?? each.name).text) : ['*'],
      );
      for (const each of named) module.exports.set(each.name.text, node.isTypeOnly || each.isTypeOnly);
      if (node.exportClause && ts.isNamespaceExport(node.exportClause)) {
        module.exports.set(node.exportClause.name.text, false);
      }
    } else if (ts.isCallExpression(node) && node.arguments.length > 0) {
      // import('./x.js'), require('./x'), require.resolve('./x'): all of it is used
      take(node.arguments[0], ['*']);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      take(node.argument.literal as ts.Expression, ['*']);
    }
    for (const name of declared(node)) {
      module.exports.set(name, ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return module;
}

/** The names that a statement exports. */
function declared(node: ts.Node): string[] {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  if (!modifiers?.some(each => each.kind === ts.SyntaxKind.ExportKeyword)) return [];
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name)
        ? [name.text]
        : name.elements.flatMap(each => ('name' in each ? [each.name.getText()] : [])),
    );
  }
  const { name } = node as ts.FunctionDeclaration | ts.ClassDeclaration | ts.InterfaceDeclaration;
  return name ? [name.text] : [];
}

/** The code cells of every notebook. */
const notebooks = new Map(
  list('notebooks', '.ipynb').map(file => {
    const { cells } = JSON.parse(read(`notebooks/${file}`)) as {
      cells: { cell_type: string; source: string | string[] }[];
    };
    const code = cells.filter(cell => cell.cell_type === 'code');
    return [file, code.map(({ source }) => [source].flat().join(''))];
  }),
);

const parsed = new Map(modules.map(file => [file, parse(`src/${file}`)]));
const moduleOf = (file: string) => parsed.get(file) as Module;
const users = list('test', '.ts').map(file => parse(`test/${file}`));

test('imports run one way, along the flow of the data', () => {
  const wrong: string[] = [];
  for (const { file, ours } of parsed.values()) {
    const from = roomOf(file);
    assert.ok(MAY_IMPORT[from], `src/${file} is in a room that the table does not have`);
    for (const target of ours) {
      const to = roomOf(target);
      if (to !== from && !MAY_IMPORT[from].includes(to) && !PURE.includes(target)) {
        wrong.push(`${file} → ${target}`);
      }
    }
  }
  assertNone(wrong);
  for (const file of PURE)
    assert.deepEqual(
      reach(file).filter(each => !SHARED.includes(each)),
      [file],
    );
});

/** The files that `file` reaches through imports, itself among them. */
function reach(file: string, seen = new Set<string>()): string[] {
  seen.add(file);
  for (const target of moduleOf(file).ours) if (!seen.has(target)) reach(target, seen);
  return [...seen];
}

test('no files import each other in a circle, not even types', () => {
  const circles = modules.filter(file =>
    [...moduleOf(file).ours].some(target => reach(target).includes(file)),
  );
  assertNone(circles);
});

test('the core reaches no built-in module of Node', () => {
  // a browser page runs it; files, checkpoints, ledgers and the kernels' bytes come from outside
  const wrong = modules
    .filter(file => isCore(file) && roomOf(file) !== 'train/node')
    .flatMap(file =>
      reach(file).flatMap(each => moduleOf(each).builtins.map(name => `${file} → ${each} → ${name}`)),
    );
  assertNone(wrong);
});

test('decisions know nothing of engines, and only the engine of its backends', () => {
  for (const file of modules.filter(each => each.startsWith('decide/'))) {
    assert.ok(
      reach(file).every(each => !/tensorflow/.test(read(`src/${each}`))),
      `${file} reaches TensorFlow.js`,
    );
  }
  const backend = /tfjs-(node|backend)|tfjs-node-native|from 'webgpu'/;
  const wrong = modules.filter(file => !file.startsWith('engine/') && backend.test(read(`src/${file}`)));
  assertNone(wrong);
});

test('files and the core stay short', t => {
  const lines = (file: string) => read(`src/${file}`).split('\n').length - 1;
  const sum = (chosen: string[]) => chosen.reduce((total, file) => total + lines(file), 0);
  const core = sum(files.filter(isCore));
  t.diagnostic(`${core} lines in the core, ${sum(files)} in src/`);
  assertNone(files.filter(file => lines(file) > FILE_LINES).map(file => `${file}: ${lines(file)}`));
  assert.ok(core <= CORE_LINES, `the core has ${core} lines, at most ${CORE_LINES} allowed`);
});

test('whatever is exported is imported somewhere', () => {
  const used = new Set([...parsed.values(), ...users].flatMap(module => [...module.names]));
  const unused: string[] = [];
  for (const { file, exports } of parsed.values()) {
    if (file === 'index.ts' || used.has(`${file} *`)) continue;
    for (const name of exports.keys()) if (!used.has(`${file} ${name}`)) unused.push(`${file}: ${name}`);
  }
  // the compiler names it in the declarations of the two kinds of worker
  assertNone(unused.filter(name => name !== 'train/node/pool.ts: Task'));
});

/** Names that the design promises, whether or not something here uses them. */
const PROMISED = [
  ...['loadDataset', 'readFolder', 'readTable', 'writeFolder', 'writeTable', 'squareTrigger', 'bitTrigger'],
  ...['cellTrigger', 'stamp', 'markSamples', 'useEngine', 'buildModel', 'train', 'openModel', 'probe'],
  ...['theoremThreshold', 'theoremTest', 'binomialTest', 'randomizationTest', 'decoyTest', 'sequentialTest'],
  ...['controlTest', 'twinTest', 'confidenceSequence', 'planAudit', 'adjust', 'createKey', 'deriveKeys'],
  ...['markWithKeys', 'probeKeys', 'writeEvidence', 'verifyEvidence'],
];

test('every function of the library has a user: a notebook, a test, the README', () => {
  const texts = [
    ...[...notebooks.values()].flat(),
    read('README.md'),
    ...list('test', '.ts').map(file => read(`test/${file}`)),
  ];
  const words = new Set(texts.flatMap(text => text.match(/[\p{L}_$][\p{L}\d_$]*/gu) ?? []));
  const values = [...moduleOf('index.ts').exports].filter(([, isType]) => !isType).map(([name]) => name);
  assertNone(values.filter(name => !words.has(name) && !PROMISED.includes(name)));
});

test('a cell of a notebook is read at a glance, and a notebook has little code', () => {
  const wrong: string[] = [];
  for (const [name, cells] of notebooks) {
    cells.forEach((cell, i) => {
      const lines = cell.trimEnd().split('\n');
      if (lines.length > CELL_LINES) wrong.push(`${name}, code cell ${i + 1}: ${lines.length} lines`);
      lines.forEach((line, k) => {
        const length = [...line].length;
        if (length > CELL_WIDTH)
          wrong.push(`${name}, code cell ${i + 1}, line ${k + 1}: ${length} characters`);
      });
    });
    const code = cells
      .join('\n')
      .split('\n')
      .filter(line => line.trim() !== '').length;
    if (code > NOTEBOOK_LINES) wrong.push(`${name}: ${code} lines of code`);
  }
  assertNone(wrong);
});
