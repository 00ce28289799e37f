import { randomBytes, randomInt } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** Somebody else holds the lock. */
export class LockedError extends Error {}

/** How long to wait for processes that ask for the lock at the same moment, in milliseconds. */
const PATIENCE = 5000;
const HOST = encodeURIComponent(hostname());

/**
 * Lets one process (or thread) at a time work on `file`. Returns what gives the lock back.
 *
 * Each process that wants the lock first creates a file of its own beside `file`, named after itself, and then
 * looks for the files of others. Of two processes at least one sees the other, so they never both go on. No name
 * is used twice, so removing the file of a dead process (kill -9, power loss) can't remove a live one's. Whether
 * a process of another machine lives is not visible from here: its file has to be deleted by hand.
 *
 * @throws {@link LockedError} naming the owner when somebody else holds the lock
 */
export function takeLock(file: string): () => void {
  const path = resolve(file);
  const unique = randomBytes(4).toString('hex');
  const own = `${path}.lock.${process.pid}.${startOf(process.pid)?.start ?? 0}.${unique}@${HOST}`;
  const deadline = Date.now() + PATIENCE;
  let entry = announce(own);
  try {
    for (;;) {
      const rivals = rivalsOf(path, own);
      if (rivals.length === 0) break;
      const holder = Date.now() > deadline ? rivals[0] : rivals.find(isHeld);
      if (holder !== undefined) throw lockedBy(holder);
      // of those that ask at the same moment the first by name stays, the others withdraw for a while
      if (own > rivals[0]) {
        withdraw(entry, own);
        pause(randomInt(1, 10));
        entry = announce(own);
      } else pause(1);
    }
    writeSync(entry, 'held'); // any content says so
  } catch (error) {
    withdraw(entry, own);
    throw error;
  }
  closeSync(entry);
  return () => rmSync(own, { force: true });
}

function announce(own: string): number {
  try {
    return openSync(own, 'wx', 0o600); // `x`: never through a symbolic link
  } catch (error) {
    throw new Error(`takeLock: can't write to ${dirname(own)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function withdraw(entry: number, own: string): void {
  closeSync(entry);
  rmSync(own);
}

/** The files of other living owners in order of their names; those of dead ones are removed. */
function rivalsOf(path: string, own: string): string[] {
  const folder = dirname(path);
  const rivals: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    const rival = join(folder, name);
    const owner = name.startsWith(`${basename(path)}.lock.`) ? ownerOf(name) : undefined;
    if (owner === undefined || rival === own) continue;
    if (isAlive(owner)) rivals.push(rival);
    else rmSync(rival, { force: true });
  }
  return rivals;
}

interface Owner {
  readonly pid: number;
  /** When the process started, in ticks since the machine did: tells it from a later one of the same number. */
  readonly start: string;
  readonly host: string;
}

function ownerOf(name: string): Owner | undefined {
  const [, pid, start, host] = /\.lock\.(\d+)\.(\d+)\.[0-9a-f]{8}@([^@]+)$/.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), start, host };
}

function isAlive({ pid, start, host }: Owner): boolean {
  if (host !== HOST) return true;
  const now = startOf(pid);
  if (now !== undefined && start !== '0') return now.start === start && now.state !== 'Z';
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'; // EPERM: a process of another user
  }
}

/** What Linux tells of a process; undefined elsewhere, or where processes of others are hidden. */
function startOf(pid: number): { state: string; start: string } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').pop()?.split(' ') ?? [];
    return { state: fields[0], start: fields[19] };
  } catch {
    return undefined;
  }
}

function isHeld(rival: string): boolean {
  return (lstatSync(rival, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function lockedBy(rival: string): LockedError {
  const { pid, host } = ownerOf(rival) as Owner;
  return new LockedError(
    `takeLock: ${rival} is held by process ${pid} on ${decodeURIComponent(host)}, ` +
      'expected no other process at work; if that process is gone, delete the file',
  );
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
