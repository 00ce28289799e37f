import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/notebook/root';
import { temporaryFolder } from '../fixtures';

const out = temporaryFolder();
const chromium = spawnSync('chromium', ['--version'], { stdio: 'ignore' }).status === 0;

const appendix = (env: Record<string, string>) =>
  spawnSync(process.execPath, [join(ROOT, 'dist', 'src', 'notebook', 'appendix.js')], {
    env: { ...process.env, MIB_ENGINE: 'wasm', MIB_OUT: out, ...env },
    encoding: 'utf8',
  });

test('the appendix becomes one page and one PDF, and leaves nothing else', {
  skip: !chromium && 'Chromium is not installed',
}, () => {
  const { status, stderr } = appendix({ CHROME_PATH: '' });
  assert.equal(status, 0, stderr);
  const name = 'A-reproducibility-appendix';
  assert.deepEqual(readdirSync(out).sort(), [`${name}.html`, `${name}.pdf`]);
  const pdf = readFileSync(join(out, `${name}.pdf`), 'latin1');
  assert.match(pdf, /^%PDF-/);
  assert.ok(Number(/\/Count (\d+)/.exec(pdf)?.[1]) > 5, 'pages');
  assert.match(readFileSync(join(out, `${name}.html`), 'utf8'), /<details>/);
});

test('without a browser the page is there, and the error says what to do', () => {
  const { status, stderr, stdout } = appendix({ CHROME_PATH: '/no/browser' });
  assert.equal(status, 1);
  assert.match(stderr, /CHROME_PATH is \/no\/browser, which does not run.*print the page/s);
  assert.match(stdout, /A-reproducibility-appendix\.html/);
  assert.ok(!readdirSync(out).some(file => /pdf|print/.test(file)));
});
