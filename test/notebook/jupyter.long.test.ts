import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readNotebook } from '../../src/notebook/notebook';
import { ROOT } from '../../src/paths';
import { temporaryFolder } from '../fixtures';
import { assertRanClean, FILES, FOLDER, isStarted } from './notebooks';

const jupyter = spawnSync('jupyter', ['nbconvert', '--version'], { stdio: 'ignore' }).status === 0;

// Jupyter starts the kernel by its kernelspec and speaks its protocol, which `npm start` does without
test('a real Jupyter executes the notebooks of `npm start`', {
  skip: !jupyter && 'Jupyter is not installed',
}, async t => {
  const out = temporaryFolder(t);
  const started = FILES.filter(isStarted);
  const options = ['nbconvert', '--to', 'notebook', '--execute', '--output-dir', out];
  await promisify(execFile)('jupyter', [...options, ...started.map(file => join(FOLDER, file))], {
    // one folder for all: what 02 trains, 03 goes on with
    env: { ...process.env, MIB_ENGINE: 'wasm', MIB_OUT: out, JUPYTER_PATH: join(ROOT, '.jupyter') },
    maxBuffer: 1 << 26,
  });
  for (const file of started) assertRanClean(file, await readNotebook(join(out, file)));
});
