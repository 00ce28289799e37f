import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { ROOT } from '../src/paths';
import { runNode, temporaryFolder } from './fixtures';
import { codeOf } from './readme';

test('the ten lines print what the README says they print', async t => {
  const [program] = codeOf('ts');
  const printed = codeOf('text').find(text => text.startsWith('theoremTest'));
  const module = ts.transpile(program.replace(`'mib'`, `'${ROOT}/dist/src/index.js'`), {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ES2022,
  });
  const path = join(temporaryFolder(t), 'ten-lines.mjs');
  writeFileSync(path, module);
  const { stdout, stderr } = await runNode([path], { MIB_ENGINE: 'wasm' });
  assert.equal(stdout, printed, stderr);
});
