import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { LockedError, takeLock } from '../src/lock';
import { temporaryFolder } from './fixtures';
import { assertExclusive } from './lock-contender';

const LOCK = JSON.stringify(require.resolve('../src/lock'));

function fileIn(t: TestContext): { folder: string; file: string } {
  const folder = temporaryFolder(t);
  return { folder, file: join(folder, 'f') };
}

test('one process at a time; what was given back or left by a dead process is no hindrance', t => {
  const { folder, file } = fileIn(t);
  const release = takeLock(file);
  assert.throws(() => takeLock(file), LockedError);
  const take = `require(${LOCK}).takeLock(${JSON.stringify(file)})`;
  const other = spawnSync(process.execPath, ['-e', take], { encoding: 'utf8' });
  assert.match(other.stderr, new RegExp(`held by process ${process.pid} on .*expected no other process`));
  release();
  execFileSync(process.execPath, ['-e', take]); // ends without giving the lock back
  assert.equal(readdirSync(folder).length, 1);
  takeLock(file)();
  assert.deepEqual(readdirSync(folder), []);
});

// the number of a dead process may be that of a living one: in a container it comes back after every restart
test('a later process of the same number is not the owner', { skip: process.platform !== 'linux' }, t => {
  const { file } = fileIn(t);
  writeFileSync(`${file}.lock.${process.pid}.1.00000000@${hostname()}`, 'held');
  takeLock(file)();
});

test('the lock of another machine is left to a human', t => {
  const { folder, file } = fileIn(t);
  writeFileSync(`${file}.lock.1.1.00000000@not-${hostname()}`, 'held');
  assert.throws(() => takeLock(file), /held by process 1 on not-.*delete the file/);
  assert.equal(readdirSync(folder).length, 1);
});

// threads have one process number: a lock that asks only whether the owner lives lets both in
test('two threads of a process exclude each other', async t => {
  const { file } = fileIn(t);
  const release = takeLock(file);
  const script = `
    try { require(${LOCK}).takeLock(${JSON.stringify(file)}); throw new Error('taken'); }
    catch (error) { require('node:worker_threads').parentPort.postMessage(error.message); }`;
  const thread = new Worker(script, { eval: true });
  const message = await new Promise(resolve => thread.once('message', resolve));
  assert.match(String(message), /held by process/);
  release();
});

// `--out Cargo` must not take, read or remove Cargo.lock
test('files of others are neither followed nor touched, whatever they are called', t => {
  const { folder, file } = fileIn(t);
  const others = ['f.lock', 'f.lock.1.1.00000000', 'g.lock.1.1.00000000@dead', 'f.lock.toml'];
  for (const name of others) symlinkSync('nowhere', join(folder, name));
  takeLock(file)();
  assert.deepEqual(readdirSync(folder).sort(), others.sort());
});

// taking over the lock of a dead owner must not hit that of a living one who was quicker; see lock.long.test
test('eight processes that find dead owners again and again are never at work together', () =>
  assertExclusive(300));
