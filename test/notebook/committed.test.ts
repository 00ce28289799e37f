import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { notebookHtml } from '../../src/notebook/html';
import { plainText, writeNotebook } from '../../src/notebook/notebook';
import { temporaryFolder } from '../fixtures';
import { assertRanClean, codeCells, FILES, FOLDER, read } from './notebooks';

const out = temporaryFolder();

for (const file of FILES) {
  test(`${file}: committed as executed, without errors, timings or plotly.js, fit for a page`, async () => {
    const notebook = await read(file);
    assertRanClean(file, notebook);
    for (const cell of codeCells(notebook)) {
      assert.deepEqual(cell.metadata, {}, 'Jupyter left its timings: run `npm run notebooks`');
      const text = (cell.outputs ?? []).map(plainText).join('\n');
      assert.doesNotMatch(text, /(^|\s)(\/|[A-Z]:\\)\w+[/\\]/m, 'a path differs from machine to machine');
      const time = /\d ?(ms|s|sec|seconds|min|minutes)\b|\/s\b/;
      assert.doesNotMatch(text, time, 'a time differs from run to run');
    }
    const bytes = readFileSync(join(FOLDER, file), 'utf8');
    assert.ok(!bytes.includes('plotly.js v'), 'plotly.js is inlined');
    await notebookHtml(file, notebook); // KaTeX refuses TeX that it does not know
    // Jupyter and `npm run notebooks` write the same bytes, so that a diff means something
    const rewritten = join(out, file);
    writeNotebook(rewritten, notebook);
    assert.equal(readFileSync(rewritten, 'utf8'), bytes, 'formatted otherwise: run `npm run notebooks`');
  });
}
