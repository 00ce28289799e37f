import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { untilInterrupted } from '../src/interrupt';

const MODULE = JSON.stringify(require.resolve('../src/interrupt'));
const posix = { skip: process.platform === 'win32' && 'Windows has no signals' };

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} stops the work within, and is left alone afterwards`, posix, async () => {
    const before = process.listenerCount(signal);
    const awake = setInterval(() => {}, 1000); // neither signals nor promises keep a process alive
    const stopped = untilInterrupted(
      aborted => once(aborted, 'abort').then(() => aborted.reason),
      new Error('enough'),
    );
    process.kill(process.pid, signal);
    assert.equal((await stopped).message, 'enough');
    assert.equal(process.listenerCount(signal), before);
    clearInterval(awake);
  });
}

// work that does not end by itself can still be stopped, whichever signal comes second
test('a second signal ends the process as usual', posix, async () => {
  const script = `
    require(${MODULE}).untilInterrupted(signal => {
      signal.addEventListener('abort', () => console.log('first'));
      setInterval(() => {}, 1000);
      console.log('ready');
      return new Promise(() => {});
    });`;
  const child = spawn(process.execPath, ['-e', script]);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.equal(String((await once(child.stdout, 'data'))[0]), 'first\n');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
});

test('a program ends with 1 after an error and with 130 after an interruption', posix, () => {
  const program = (body: string) =>
    spawnSync(process.execPath, ['-e', `require(${MODULE}).runProgram('p', async signal => { ${body} })`], {
      encoding: 'utf8',
    });
  const failed = program(`throw new Error('no')`);
  assert.deepEqual([failed.status, failed.stderr], [1, 'no\n']);
  const wait = `setTimeout(() => {}, 1000); await new Promise(done => signal.addEventListener('abort', done))`;
  const interrupted = program(`process.kill(process.pid, 'SIGINT'); ${wait}; signal.throwIfAborted()`);
  assert.deepEqual([interrupted.status, interrupted.stderr], [130, '\np: interrupted\n']);
  assert.equal(program('').status, 0);
});
