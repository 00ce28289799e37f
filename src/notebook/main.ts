import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { runProgram } from '../interrupt';
import { makeOutFolder, ROOT } from '../paths';
import { showProgress } from '../report/progress';
import { readSummary, type Summary } from '../report/summary';
import { tableText } from '../report/table';
import { CellError, executeNotebook } from './execute';
import { notebookHtml } from './html';
import { readNotebook, writeNotebook } from './notebook';

/*
 * `npm start [NUMBER…]`: executes the numbered notebooks one after the other, without Jupyter or Python, and leaves
 * executed copies and HTML pages in out/. A notebook with `"mib": { "start": false }` in its metadata runs only
 * when asked for by number.
 */

const FOLDER = join(ROOT, 'notebooks');

async function main(numbers: string[], signal: AbortSignal): Promise<void> {
  const names = await choose(numbers);
  const out = makeOutFolder('start');
  rmSync(join(out, 'summary.json'), { force: true }); // that of an earlier run must not pass for this one's
  for (const name of names) {
    const start = Date.now();
    const options = { onProgress: showProgress(name), signal, env: { MIB_OUT: out } };
    try {
      const notebook = await executeNotebook(join(FOLDER, `${name}.ipynb`), options);
      writeNotebook(join(out, `${name}.ipynb`), notebook);
      writeFileSync(join(out, `${name}.html`), await notebookHtml(name, notebook, { pages: names }));
    } catch (error) {
      // how far it came is worth keeping: the page shows the error where it happened
      if (error instanceof CellError) writeNotebook(join(out, `${name}.ipynb`), error.executed);
      throw error;
    }
    console.error(`${name}: executed in ${Math.round((Date.now() - start) / 1000)} s`);
  }
  const summary = readSummary();
  if (summary) console.log(`\n${verdicts(summary)}\n`);
  console.log('Pages:');
  for (const name of names) console.log(`  ${join(relative(process.cwd(), out), `${name}.html`)}`);
}

/** Names of the notebooks to run, in order. */
async function choose(numbers: string[]): Promise<string[]> {
  const files = readdirSync(FOLDER).filter(file => /^(\d\d|[A-Z])-.*\.ipynb$/.test(file));
  const chosen: string[] = [];
  for (const file of files.sort()) {
    const asked = numbers.some(number => file.startsWith(number));
    const start = (await readNotebook(join(FOLDER, file))).metadata.mib?.start ?? true;
    if (asked || (numbers.length === 0 && start)) chosen.push(basename(file, '.ipynb'));
  }
  const missing = numbers.find(number => !chosen.some(name => name.startsWith(number)));
  if (missing || chosen.length === 0) {
    throw new Error(`start: no notebook in notebooks/ is called ${missing ?? 'NN-….ipynb'}`);
  }
  return chosen;
}

function verdicts({ engine, dataset, models }: Summary): string {
  const percent = (rate: number) => `${(100 * rate).toFixed(1)} %`;
  const word = (rejected: boolean) => (rejected ? 'used' : 'no evidence');
  const rows = models.map(model => ({
    model: model.name,
    'test accuracy': percent(model.testAccuracy),
    hits: `${model.hits} of ${model.queries}`,
    'Theorem 1': word(model.theorem.rejected),
    'binomial (1/K)': word(model.binomial.rejected),
    p: model.binomial.pValue.toPrecision(2),
  }));
  return tableText(rows, {
    caption: `Was the owner's data used? ${dataset}, ${engine.name} on ${engine.device}`,
  });
}

runProgram('start', signal => main(process.argv.slice(2), signal));
