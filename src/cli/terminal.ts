import { constants } from 'node:os';

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

/**
 * Aborted by the first SIGINT or SIGTERM, so that answers under way reach the ledger. Two seconds later, or by the
 * second signal, the process ends whatever it does.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    const end = () => process.exit(128 + constants.signals[name]);
    process.once(name, () => {
      process.exitCode = 128 + constants.signals[name];
      process.once(name, end);
      setTimeout(end, 2000).unref();
      controller.abort(new Error(`interrupted by ${name}; run again to go on`));
    });
  }
  return controller.signal;
}
