import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cell, type Notebook, plainText, readNotebook } from '../../src/notebook/notebook';
import { ROOT } from '../../src/paths';

/*
 * What the tests of the committed notebooks share. They run in two files, so that two cores are used: the notebooks
 * of `npm start`, which go on with each other's models, and the others.
 */

export const FOLDER = join(ROOT, 'notebooks');
export const FILES = readdirSync(FOLDER).filter(file => file.endsWith('.ipynb'));
export const APPENDIX = 'A-reproducibility-appendix.ipynb';

export const read = (file: string) => readNotebook(join(FOLDER, file));

/** Whether `npm start` executes it. */
export const isStarted = (file: string) =>
  JSON.parse(readFileSync(join(FOLDER, file), 'utf8')).metadata.mib?.start !== false;

export const codeCells = (notebook: Notebook) => notebook.cells.filter(cell => cell.cell_type === 'code');

/** What a cell says in words; not its progress, which depends on what had been trained before. */
const words = ({ outputs = [] }: Cell) =>
  outputs
    .filter(output => !(output.output_type === 'stream' && output.name === 'stderr'))
    .filter(output => !(output.output_type === 'display_data' && output.metadata.progress))
    .map(plainText);

export function assertRanClean(name: string, notebook: Notebook): void {
  for (const [i, cell] of codeCells(notebook).entries()) {
    assert.equal(cell.execution_count, i + 1, `${name}: ${cell.source} was not executed in order`);
    const error = cell.outputs?.find(output => output.output_type === 'error');
    assert.equal(error && plainText(error), undefined, `${name}: ${cell.source}`);
  }
}

/** Executed afresh, a notebook says what is committed: its prose is about these numbers. */
export async function assertSaysWhatIsCommitted(file: string, executed: Notebook): Promise<void> {
  const [committed, fresh] = [codeCells(await read(file)), codeCells(executed)];
  assert.equal(fresh.length, committed.length);
  for (const [i, cell] of fresh.entries()) {
    const change = `${file}, after \`${cell.source.split('\n')[0]}\`: run \`npm run notebooks\` and look at the diff`;
    assert.deepEqual(words(cell), words(committed[i]), change);
  }
}
