import { untilInterrupted } from '../interrupt';

/** What a command ends with when it was used wrongly or a file is unreadable. */
export const WRONG_USAGE = 3;

/** A command was used rightly, and did not succeed: exit code 1. */
export class Failure extends Error {}

/** Text that cannot command a terminal: control characters and direction marks are shown by their numbers. */
export function printable(text: string): string {
  return text.replace(
    /[^\P{Cc}\n]|[\u2028-\u202e\u2066-\u2069]/gu,
    character => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Prints lines for people, or one value for programs. */
export function say(content: string | object): void {
  // JSON escapes control characters itself, and the rest of a value may be meant
  process.stdout.write(`${typeof content === 'string' ? printable(content) : JSON.stringify(content)}\n`);
}

/** How long answers under way, which are paid for, may take to reach the ledger after a signal. */
const GRACE_MS = 3000;

/** Runs `work` until it is done or a signal ends it, with exit code 130. */
export function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const reason = new Error('interrupted; run again to go on');
  return untilInterrupted(signal => {
    signal.addEventListener('abort', () => {
      process.exitCode = 130;
      setTimeout(() => process.exit(), GRACE_MS).unref();
    });
    return work(signal);
  }, reason);
}
