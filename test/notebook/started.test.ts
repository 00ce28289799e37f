import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readNotebook } from '../../src/notebook/notebook';
import { ROOT } from '../../src/paths';
import { compiled, runNode, temporaryFolder } from '../fixtures';
import { assertRanClean, assertSaysWhatIsCommitted, FILES, FOLDER, isStarted } from './notebooks';

const started = FILES.filter(isStarted);
const out = temporaryFolder();
const env = { MIB_ENGINE: 'wasm', MIB_OUT: out };

test('`npm start` executes its notebooks to what is committed, and ends with the verdict of the README', async () => {
  const { status, stdout, stderr } = await runNode([compiled('src/notebook/main.ts')], env);
  assert.equal(status, 0, stderr);
  for (const file of started) {
    await assertSaysWhatIsCommitted(file, await readNotebook(join(out, file)));
    assert.ok(existsSync(join(out, file.replace('.ipynb', '.html'))), `${file} has no page`);
  }
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, verdict] = /```text\n(model [^`]*)```/.exec(readme) ?? [];
  assert.ok(verdict, 'README.md shows no verdict');
  assert.ok(stdout.includes(verdict), `README.md has another verdict than\n${stdout}`);
});

const jupyter = spawnSync('jupyter', ['nbconvert', '--version'], { stdio: 'ignore' }).status === 0;

test('a real Jupyter executes them as well', { skip: !jupyter && 'Jupyter is not installed' }, async () => {
  // in the same folder: what 02 trained, 03 goes on with
  const executed = join(out, 'jupyter');
  const options = ['nbconvert', '--to', 'notebook', '--execute', '--output-dir', executed];
  await promisify(execFile)('jupyter', [...options, ...started.map(file => join(FOLDER, file))], {
    env: { ...process.env, ...env, JUPYTER_PATH: join(ROOT, '.jupyter') },
  });
  for (const file of started) assertRanClean(file, await readNotebook(join(executed, file)));
});
