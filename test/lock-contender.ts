/**
 * Eight processes that ask for one lock. Each time a process got it, it leaves the lock of a dead process behind.
 *
 * As a program: asks argv[3] times for the lock of argv[2]. Prints how often it got the lock, and how often somebody
 * else was at work as well.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LockedError, takeLock } from '../src/lock';

/** Lets eight processes ask `tries` times each, and holds that no two were ever at work together. */
export async function assertExclusive(tries: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mib-race-'));
  try {
    const words = [__filename, join(folder, 'f'), String(tries)];
    const contend = async () => JSON.parse((await promisify(execFile)(process.execPath, words)).stdout);
    const found = await Promise.all(Array.from({ length: 8 }, contend));
    const clashes = found.reduce((sum, one) => sum + one.clashes, 0);
    assert.equal(clashes, 0);
    for (const { taken } of found) assert.ok(taken > tries / 20, `${taken} of ${tries}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function contend(file: string, tries: number): { taken: number; clashes: number } {
  let [taken, clashes] = [0, 0];
  for (let i = 0; i < tries; i++) {
    try {
      const release = takeLock(file);
      taken++;
      try {
        closeSync(openSync(`${file}.at-work`, 'wx'));
        rmSync(`${file}.at-work`);
      } catch {
        clashes++;
      }
      release();
      const unique = (process.pid * 10_000 + i).toString(16).padStart(8, '0').slice(-8);
      writeFileSync(`${file}.lock.4194305.1.${unique}@${encodeURIComponent(hostname())}`, 'held');
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
    }
  }
  return { taken, clashes };
}

if (require.main === module) console.log(JSON.stringify(contend(process.argv[2], Number(process.argv[3]))));
