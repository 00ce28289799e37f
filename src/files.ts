import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import canonicalize from 'canonicalize';
import type { z } from 'zod';

/** `value` as JSON by RFC 8785: one text, and so one hash, wherever and in whatever order it was made. */
export function canonicalJson(value: unknown): string {
  return canonicalize(value) as string;
}

/** SHA-256 of the parts one after the other, text as UTF-8; lower-case hexadecimal. */
export function sha256(...parts: (string | Uint8Array)[]): string {
  if (parts.length === 1) return hash('sha256', parts[0]); // in half the time
  const whole = createHash('sha256');
  for (const part of parts) whole.update(part);
  return whole.digest('hex');
}

/**
 * Writes a file: all of it, or, on any failure, nothing at all. Replaces a file of that name. Both the file and
 * its name are on the disk when this returns.
 */
export function writeWhole(path: string, content: string | Uint8Array, mode = 0o666): void {
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { force: true }); // of a process that was killed
  const file = openSync(unfinished, 'wx', mode);
  try {
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  syncFolder(path);
}

/** Makes the name of the file at `path` as durable as its contents (Windows does, and can't open folders). */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  let folder: number | undefined;
  try {
    folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') throw error; // else: not possible on this file system
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

/**
 * The bytes of a regular file of at most `limit` bytes. Never reads more, so neither a huge file nor an endless
 * device can exhaust the memory.
 */
export function readLimited(caller: string, path: string, limit: number): Buffer {
  const file = openToRead(caller, path);
  try {
    const { size } = fstatSync(file);
    if (!fstatSync(file).isFile()) throw new Error(`${caller}: ${path} is not a regular file`);
    if (size > limit) throw new Error(`${caller}: ${path} has ${size} bytes, expected at most ${limit}`);
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0));
  } finally {
    closeSync(file);
  }
}

function openToRead(caller: string, path: string): number {
  try {
    // without waiting for whoever may never write into a pipe of that name
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : 'cannot be read';
    throw new Error(`${caller}: ${path} ${reason}: ${(error as Error).message}`, { cause: error });
  }
}

/** Parses bytes that may be hostile: UTF-8, JSON, the format and version expected, then every field. */
export function parseJson<T>(
  caller: string,
  bytes: Uint8Array,
  expected: { format: string; version: number; schema: z.ZodType<T> },
): T {
  let value: { format?: unknown; version?: unknown } | null;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // the parser's own message may quote the text, which may be a secret
    throw new Error(`${caller}: the file is not valid JSON in UTF-8`);
  }
  for (const field of ['format', 'version'] as const) {
    const found = value?.[field];
    if (found === expected[field]) continue;
    const shown = ['string', 'number'].includes(typeof found) ? String(found).slice(0, 40) : typeof found;
    throw new Error(`${caller}: ${field} is ${shown}, expected ${expected[field]}`);
  }
  return checked(caller, 'file', expected.schema, value);
}

/** `value` if the schema allows it; else an error that names the first bad field, but shows only numbers. */
export function checked<T>(caller: string, argument: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  // biome-ignore lint/suspicious/noExplicitAny: walks into a value of unknown shape
  const found = path.reduce((part: any, step) => part?.[step], value);
  const shown = typeof found === 'number' ? ` is ${found}` : '';
  throw new Error(`${caller}: ${[argument, ...path].join('.')}${shown}: ${message}`);
}
