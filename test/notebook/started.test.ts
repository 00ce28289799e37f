import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNotebook } from '../../src/notebook/notebook';
import { ROOT } from '../../src/paths';
import { compiled, runNode, temporaryFolder } from '../fixtures';
import { assertSaysWhatIsCommitted, FILES, isStarted } from './notebooks';

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
