import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNotebook } from '../../src/notebook/notebook';
import { printToPdf } from '../../src/notebook/pdf';
import { compiled, runNode, temporaryFolder } from '../fixtures';
import { APPENDIX, assertSaysWhatIsCommitted } from './notebooks';

const out = temporaryFolder();
const name = APPENDIX.replace('.ipynb', '');
const chromium = spawnSync('chromium', ['--version'], { stdio: 'ignore' }).status === 0;
const appendix = runNode([compiled('src/notebook/appendix.ts')], {
  MIB_ENGINE: 'wasm',
  MIB_OUT: out,
  CHROME_PATH: '',
});

test('the appendix says what is committed, and becomes one page', async () => {
  await appendix;
  await assertSaysWhatIsCommitted(APPENDIX, await readNotebook(join(out, APPENDIX)));
  assert.match(readFileSync(join(out, `${name}.html`), 'utf8'), /<details>/);
});

test('… and one PDF, and leaves nothing else', {
  skip: !chromium && 'Chromium is not installed',
}, async () => {
  const { status, stderr } = await appendix;
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    readdirSync(out).sort(),
    ['html', 'ipynb', 'pdf'].map(end => `${name}.${end}`),
  );
  const pdf = readFileSync(join(out, `${name}.pdf`), 'latin1');
  assert.match(pdf, /^%PDF-/);
  assert.ok(Number(/\/Count (\d+)/.exec(pdf)?.[1]) > 5, 'pages');
});

test('without a browser the error says what to do, and an earlier PDF does not pass for this one', t => {
  const folder = temporaryFolder(t);
  const [page, pdf] = [join(folder, 'a.html'), join(folder, 'a.pdf')];
  writeFileSync(pdf, 'an earlier one');
  process.env.CHROME_PATH = '/no/browser';
  t.after(() => delete process.env.CHROME_PATH);
  assert.throws(
    () => printToPdf(page, pdf),
    /CHROME_PATH is \/no\/browser, which does not run.*print the page/,
  );
  assert.ok(!existsSync(pdf));
});
