import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';

const held = new Set<string>();

/**
 * Lets one process at a time work on `file`: takes `file.lock`, which names its owner, and returns what gives
 * it back.
 *
 * A lock whose owner died (kill -9, power loss) is taken over at once; one of another machine, whose processes
 * can't be seen from here, is left to a human.
 *
 * @throws Error naming the owner when somebody else holds the lock
 */
export function takeLock(file: string): () => void {
  const lock = `${resolve(file)}.lock`;
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, host: hostname() }));
  try {
    // a link appears with its contents or not at all: nobody ever reads a lock without an owner
    while (rescue('EEXIST', () => linkSync(own, lock), 'taken') === 'taken')
      removeStale(lock, `${own}.stale`);
  } finally {
    rmSync(own);
  }
  held.add(lock);
  return () => {
    rmSync(lock, { force: true });
    held.delete(lock);
  };
}

function removeStale(lock: string, aside: string): void {
  const text = rescue('ENOENT', () => readFileSync(lock, 'utf8'), undefined);
  if (text === undefined) return;
  // a power cut can leave a lock without contents, whose owner is surely gone
  if (text !== '') requireDead(JSON.parse(text), lock);
  if (rescue('ENOENT', () => renameSync(lock, aside), 'gone') === 'gone') return;
  // somebody else may have replaced the stale lock by a live one meanwhile: give it back
  if (readFileSync(aside, 'utf8') !== text) rescue('EEXIST', () => linkSync(aside, lock), undefined);
  rmSync(aside);
}

function requireDead({ pid, host }: { pid: number; host: string }, lock: string): void {
  if (host === hostname() && !isAlive(pid, lock)) return;
  throw new Error(
    `takeLock: ${lock} is held by process ${pid} on ${host}, expected no other process at work; ` +
      'if that process is gone, delete the file',
  );
}

function isAlive(pid: number, lock: string): boolean {
  // in a container the same number comes back after every restart
  if (pid === process.pid) return held.has(lock);
  // a process of another user answers EPERM
  return rescue('ESRCH', () => rescue('EPERM', () => process.kill(pid, 0), true), false);
}

/** What `action` returns, or `instead` where it fails with the system error `code`. */
function rescue<T, U>(code: string, action: () => T, instead: U): T | U {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return instead;
    throw error;
  }
}
