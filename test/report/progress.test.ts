import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compiled, runNode } from '../fixtures';

/** What a program prints that shows progress and takes its time; `watched` makes it believe in a terminal. */
function shown(watched: boolean) {
  const program = `
    process.stderr.isTTY = ${watched};
    const { showProgress } = require(${JSON.stringify(compiled('src/report/progress.ts'))});
    const onProgress = showProgress('training');
    const done = [0, 500, 1000];
    const next = () => {
      onProgress({ done: done.shift(), total: 1000, unit: 'samples', note: 'epoch 1' });
      if (done.length > 0) setTimeout(next, 150);
    };
    next();`;
  return runNode(['-e', program]);
}

test('on a terminal a bar is drawn on stderr; where nobody watches, nothing is printed', async () => {
  // a bar in a log file or a pipe is a thousand lines of noise
  const unwatched = await shown(false);
  assert.deepEqual([unwatched.status, unwatched.stdout, unwatched.stderr], [0, '', '']);
  const watched = await shown(true);
  assert.deepEqual([watched.status, watched.stdout], [0, '']);
  for (const part of ['training', '500/1000 samples', '1000/1000 samples', 'epoch 1']) {
    assert.ok(watched.stderr.includes(part), `no ${part} in ${JSON.stringify(watched.stderr)}`);
  }
});
