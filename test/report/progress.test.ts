import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/notebook/root';

const program = `
  const { showProgress } = require(${JSON.stringify(join(ROOT, 'dist', 'src', 'report', 'progress.js'))});
  const onProgress = showProgress('training');
  for (const done of [0, 500, 1000]) onProgress({ done, total: 1000, unit: 'samples' });`;

test('where nobody watches, nothing is printed', () => {
  // a bar in a log file or a pipe is a thousand lines of noise
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});
