import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const BROWSERS = [
  ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'],
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];
const PATIENCE = 120_000; // milliseconds for the browser

/**
 * Prints an HTML page to a PDF file with a browser: `CHROME_PATH`, or a Chromium, Chrome or Edge of the system.
 *
 * @throws Error when there is none, or when it made no PDF; an earlier file is gone then
 */
export function printToPdf(page: string, pdf: string): void {
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
