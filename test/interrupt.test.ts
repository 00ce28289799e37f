import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilInterrupted } from '../src/interrupt';

test('Ctrl-C stops the work within, and is left alone afterwards', async () => {
  const before = process.listenerCount('SIGINT');
  const stopped = await untilInterrupted(
    signal =>
      new Promise<boolean>(resolve => {
        const late = setTimeout(() => resolve(false), 10_000);
        signal.addEventListener('abort', () => {
          clearTimeout(late);
          resolve(true);
        });
        process.kill(process.pid, 'SIGINT');
      }),
  );
  assert.equal(stopped, true);
  assert.equal(process.listenerCount('SIGINT'), before);
});
