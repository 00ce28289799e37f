import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadDataset } from '../../src/data/load';
import { executeNotebook } from '../../src/notebook/execute';
import { notebookHtml } from '../../src/notebook/html';
import {
  type Cell,
  type Notebook,
  plainText,
  readNotebook,
  writeNotebook,
} from '../../src/notebook/notebook';
import { ROOT } from '../../src/notebook/root';
import { temporaryFolder } from '../fixtures';

const folder = join(ROOT, 'notebooks');
const files = readdirSync(folder).filter(file => file.endsWith('.ipynb'));
const out = temporaryFolder();
// one engine, one folder for all: what 02 trains, 03 goes on with
const env = { MIB_ENGINE: 'wasm', MIB_OUT: out };

const location30IsAtHand = () =>
  loadDataset('location30').then(
    () => true,
    () => false,
  );

const codeCells = (notebook: Notebook) => notebook.cells.filter(cell => cell.cell_type === 'code');

/** What a cell says in words; not its progress, which depends on what had been trained before. */
const words = ({ outputs = [] }: Cell) =>
  outputs
    .filter(output => !(output.output_type === 'stream' && output.name === 'stderr'))
    .filter(output => !(output.output_type === 'display_data' && output.metadata.progress))
    .map(plainText);

function assertRanClean(name: string, notebook: Notebook): void {
  for (const [i, cell] of codeCells(notebook).entries()) {
    assert.equal(cell.execution_count, i + 1, `${name}: ${cell.source} was not executed in order`);
    const error = cell.outputs?.find(output => output.output_type === 'error');
    assert.equal(error && plainText(error), undefined, `${name}: ${cell.source}`);
  }
}

for (const file of files) {
  test(`${file}: committed as executed, without errors, timings or plotly.js, fit for a page`, async () => {
    const path = join(folder, file);
    const notebook = await readNotebook(path);
    assertRanClean(file, notebook);
    for (const cell of codeCells(notebook)) {
      assert.deepEqual(cell.metadata, {}, 'Jupyter left its timings: run `npm run notebooks`');
      const text = (cell.outputs ?? []).map(plainText).join('\n');
      assert.doesNotMatch(text, /(^|\s)(\/|[A-Z]:\\)\w+[/\\]/m, 'a path differs from machine to machine');
      assert.doesNotMatch(
        text,
        /\d ?(ms|s|sec|seconds|min|minutes)\b|\/s\b/,
        'a time differs from run to run',
      );
    }
    const bytes = readFileSync(path, 'utf8');
    assert.ok(!bytes.includes('plotly.js v'), 'plotly.js is inlined');
    await notebookHtml(file, notebook); // KaTeX refuses TeX that it does not know
    // Jupyter and `npm run notebooks` write the same bytes, so that a diff means something
    const rewritten = join(out, `rewritten-${file}`);
    writeNotebook(rewritten, notebook);
    assert.equal(readFileSync(rewritten, 'utf8'), bytes, 'formatted otherwise: run `npm run notebooks`');
  });

  test(`${file}: executed afresh, it says what is committed`, async t => {
    const path = join(folder, file);
    const committed = codeCells(await readNotebook(path));
    if (
      committed.some(({ source }) => source.includes("loadDataset('location30'")) &&
      !(await location30IsAtHand())
    ) {
      return t.skip('Location-30 cannot be had here');
    }
    const fresh = codeCells(await executeNotebook(path, { env }));
    for (const [i, cell] of fresh.entries()) {
      const change = `${file}, after \`${cell.source.split('\n')[0]}\`: run \`npm run notebooks\` and look at the diff`;
      assert.deepEqual(words(cell), words(committed[i]), change);
    }
  });
}

const jupyter = spawnSync('jupyter', ['nbconvert', '--version'], { stdio: 'ignore' }).status === 0;

test('a real Jupyter executes those of `npm start`', {
  skip: !jupyter && 'Jupyter is not installed',
}, async () => {
  const executed = join(out, 'jupyter');
  const started: string[] = [];
  for (const file of files) {
    if ((await readNotebook(join(folder, file))).metadata.mib?.start !== false) started.push(file);
  }
  const options = ['nbconvert', '--to', 'notebook', '--execute', '--output-dir', executed];
  execFileSync('jupyter', [...options, ...started.map(file => join(folder, file))], {
    env: { ...process.env, ...env, JUPYTER_PATH: join(ROOT, '.jupyter') },
    stdio: 'pipe',
  });
  for (const file of started) assertRanClean(file, await readNotebook(join(executed, file)));
});
