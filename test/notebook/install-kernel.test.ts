import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/paths';
import { temporaryFolder } from '../fixtures';

const program = join(ROOT, 'dist', 'src', 'notebook', 'install-kernel.js');

test('kernel:install writes a kernelspec that starts from any folder', t => {
  const folder = temporaryFolder(t);
  const printed = execFileSync(process.execPath, [program], {
    env: { ...process.env, JUPYTER_DATA_DIR: folder },
  });
  const spec = JSON.parse(readFileSync(join(folder, 'kernels', 'mib', 'kernel.json'), 'utf8'));
  assert.ok(String(printed).includes(folder));
  assert.ok(spec.argv.slice(0, 2).every((path: string) => existsSync(path)));
  assert.equal(spec.argv[2], '{connection_file}');
});

test('the kernelspec in the repository names the same kernel, whatever the working folder', () => {
  const folder = join(ROOT, '.jupyter', 'kernels', 'mib');
  const { argv } = JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8'));
  assert.ok(existsSync(argv[1].replace('{resource_dir}', folder)));
});

test('a data folder that cannot be written is an error that names it', () => {
  const env = { ...process.env, JUPYTER_DATA_DIR: program }; // a file
  const { status, stderr } = spawnSync(process.execPath, [program], { env, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /^kernel:install: cannot write to .*install-kernel\.js/);
});
