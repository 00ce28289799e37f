import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CellError, executeNotebook } from '../../src/notebook/execute';
import { type Cell, type Notebook, plainText, writeNotebook } from '../../src/notebook/notebook';

// inside the repository: cells import the library by its name
const folder = mkdtempSync(join(__dirname, 'scratch-'));
after(() => rmSync(folder, { recursive: true }));

async function run(...sources: string[]): Promise<Notebook> {
  const code = sources.map(
    (source, i): Cell => ({
      cell_type: 'code',
      id: `c${i}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    }),
  );
  const title: Cell = { cell_type: 'markdown', id: 'title', metadata: {}, source: '# Scratch' };
  const path = join(folder, 'scratch.ipynb');
  writeNotebook(path, { cells: [title, ...code], metadata: {}, nbformat: 4, nbformat_minor: 5 });
  return executeNotebook(path);
}

async function failureOf(...sources: string[]): Promise<CellError> {
  try {
    await run(...sources);
  } catch (error) {
    assert.ok(error instanceof CellError, String(error));
    return error;
  }
  return assert.fail('the notebook ran clean');
}

const outputs = (notebook: Notebook, cell: number) => notebook.cells[cell].outputs ?? [];

test('cells see what earlier cells declared, await at top level and show their last value', async () => {
  const done = await run(
    'const double = async (n: number) => 2 * n;\nlet t = 20;',
    't = await double(t) + 2;\nconsole.log({ t });', // stock tslab: "t is not defined"
    't',
  );
  assert.deepEqual(
    done.cells.map(cell => cell.execution_count),
    [undefined, 1, 2, 3],
  );
  assert.deepEqual(outputs(done, 2), [{ output_type: 'stream', name: 'stdout', text: '{ t: 42 }\n' }]);
  assert.equal(plainText(outputs(done, 3)[0]), '42\n');
});

test('a display that is updated is stored once, in its last state and without timings', async () => {
  const done = await run(
    `import { showProgress } from 'mib';
     const onProgress = showProgress('training');
     for (const done of [0, 500, 1000]) onProgress({ done, total: 1000, unit: 'samples', note: 'epoch 1' });`,
  );
  assert.deepEqual(outputs(done, 1).map(plainText), ['training: 1,000 of 1,000 samples']);
});

test('figures and tables are one output in several formats', async () => {
  const done = await run(
    `import { showFigure, showTable } from 'mib';
     await showFigure({ data: [{ x: [1, 2], y: [3, 4] }], layout: { title: 'A line' } });
     showTable([{ K: 10 }]);`,
  );
  const formats = outputs(done, 1).map(output => Object.keys('data' in output ? output.data : {}));
  assert.deepEqual(formats, [
    ['application/vnd.plotly.v1+json', 'image/png', 'text/plain'],
    ['text/html', 'text/plain'],
  ]);
});

test('a failing cell is named by notebook, cell, line and reason', async () => {
  // stock tslab reports an empty message
  const error = await failureOf(
    'const fine = 1;',
    "import { theoremThreshold } from 'mib';\n\ntheoremThreshold({ classes: 1, queries: 3, confidence: 0.95 });",
  );
  assert.match(error.message, /^scratch\.ipynb, cell 3, line 3: theoremThreshold\(\{ classes: 1/);
  assert.match(error.message, /Error: theoremThreshold: classes is 1, expected/);
  const [output] = outputs(error.executed, 2);
  assert.equal(output.output_type, 'error');
  assert.equal(error.executed.cells[2].execution_count, 2);
});

test('cells are type-checked under strict', async () => {
  const error = await failureOf('const n: number = 1;\nfunction f(x) { return x; }');
  assert.match(error.message, /cell 2, line 2: function f\(x\).*\n.*implicitly has an 'any' type/);
});

test('what escapes a cell fails it: a lost rejection, the end of the process', async () => {
  const lost =
    "setTimeout(() => Promise.reject(new Error('lost')), 0);\nawait new Promise(done => setTimeout(done, 50));";
  assert.match((await failureOf(lost)).message, /cell 2, line 1: .*\n {2}Error: lost/);
  assert.match((await failureOf('process.exit(3);')).message, /cell 2: Error: the process ended: status 3/);
});

test('an interrupted execution ends its process', async () => {
  await run('1'); // leaves the file
  const path = join(folder, 'scratch.ipynb');
  const abort = new AbortController();
  const onProgress = () => abort.abort();
  await assert.rejects(executeNotebook(path, { onProgress, signal: abort.signal }), /abort/i);
});

test('packages that are installed while a notebook runs do not fail its cells', async () => {
  // tslab watched where packages may appear, and threw "Unexpected pending rebuildTimer" at the next cell
  const install = `
    mkdirSync('node_modules');
    await new Promise(done => setTimeout(done, 3000));`; // a folder that was not there is looked for every two seconds
  const done = await run(
    "import { stamp } from 'mib';\nimport { mkdirSync } from 'node:fs';",
    install,
    'typeof stamp',
  );
  assert.equal(plainText(outputs(done, 3)[0]), 'function\n');
});
