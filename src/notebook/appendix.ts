import { rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { runProgram } from '../interrupt';
import { makeOutFolder, ROOT } from '../paths';
import { showProgress } from '../report/progress';
import { executeNotebook } from './execute';
import { notebookHtml } from './html';
import { writeNotebook } from './notebook';
import { printToPdf } from './pdf';

/*
 * `npm run appendix`: executes the reproducibility appendix and leaves it in out/: the executed notebook, one
 * HTML page (code folded, figures interactive) and a PDF.
 */

const NOTEBOOK = join(ROOT, 'notebooks', 'A-reproducibility-appendix.ipynb');
async function main(signal: AbortSignal): Promise<void> {
  const out = makeOutFolder('appendix');
  const name = basename(NOTEBOOK, '.ipynb');
  const options = { onProgress: showProgress(name), signal, env: { MIB_OUT: out } };
  const notebook = await executeNotebook(NOTEBOOK, options);

  writeNotebook(join(out, `${name}.ipynb`), notebook);
  const page = join(out, `${name}.html`);
  writeFileSync(page, await notebookHtml(name, notebook, { code: 'folded' }));
  console.log(relative(process.cwd(), page));

  const print = join(out, `${name}-print.html`);
  writeFileSync(print, await notebookHtml(name, notebook, { code: 'hidden', interactive: false }));
  try {
    const pdf = join(out, `${name}.pdf`);
    printToPdf(print, pdf);
    console.log(relative(process.cwd(), pdf));
  } finally {
    rmSync(print);
  }
}

runProgram('appendix', main);
