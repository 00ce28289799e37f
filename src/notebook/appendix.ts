import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeOutFolder } from '../paths';
import { showProgress } from '../report/progress';
import { executeNotebook } from './execute';
import { notebookHtml } from './html';
import { ROOT } from './root';

/*
 * `npm run appendix`: executes the reproducibility appendix and leaves it in out/, as one HTML page (code folded,
 * figures interactive) and as PDF. A browser makes the PDF: CHROME_PATH, or a Chromium, Chrome or Edge of the system.
 */

const NOTEBOOK = join(ROOT, 'notebooks', 'A-reproducibility-appendix.ipynb');
const BROWSERS = [
  ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'],
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];
const PATIENCE = 120_000; // milliseconds for the browser

async function main(signal: AbortSignal): Promise<void> {
  const out = makeOutFolder('appendix');
  const name = basename(NOTEBOOK, '.ipynb');
  const bar = showProgress(name);
  const onCell = (done: number, total: number) => bar({ done, total, unit: 'cells' });
  const notebook = await executeNotebook(NOTEBOOK, { onCell, signal, env: { MIB_OUT: out } });

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

function printToPdf(page: string, pdf: string): void {
  rmSync(pdf, { force: true }); // an earlier one must not pass for this one
  const wanted = process.env.CHROME_PATH;
  const browser = (wanted ? [wanted] : BROWSERS).find(
    path => spawnSync(path, ['--version'], { stdio: 'ignore', timeout: PATIENCE }).status === 0,
  );
  if (browser === undefined) {
    const sought = wanted
      ? `CHROME_PATH is ${wanted}, which does not run`
      : 'no Chromium, Chrome or Edge found';
    throw new Error(`appendix: ${sought}: no PDF. Set CHROME_PATH, or print the page from any browser`);
  }
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []; // Chromium's own rule
  const options = ['--headless', '--disable-gpu', '--no-pdf-header-footer', `--print-to-pdf=${pdf}`];
  const { status, stderr } = spawnSync(browser, [...asRoot, ...options, pathToFileURL(page).href], {
    encoding: 'utf8',
    timeout: PATIENCE,
  });
  if (status !== 0) throw new Error(`appendix: ${browser} made no PDF: ${stderr.trim().slice(-500)}`);
}

const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort());
main(abort.signal).catch(error => {
  console.error(abort.signal.aborted ? '\nappendix: interrupted' : error.message);
  process.exitCode = abort.signal.aborted ? 130 : 1;
});
