import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { z } from 'zod';
import { canonicalJson, checked, sha256, syncFolder } from './files';
import { takeLock } from './lock';

/** What a journal's first line says, and what its other lines look like. */
export interface JournalKind<Line> {
  /** The function that errors name. */
  readonly caller: string;
  readonly format: string;
  readonly version: number;
  /** What the journal belongs to: with any other value it is refused. Plain JSON. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly schema: z.ZodType<Line>;
  /** End every line with a hash of itself and the line before, so that any change shows. */
  readonly chained: boolean;
  /** Permissions of a new file. */
  readonly mode: number;
}

/**
 * An append-only file of JSON records, one a line, that survives crashes.
 *
 * The first line says what the file is: format, version and what it belongs to. Nothing is ever written to a file
 * with another first line. Journals that belong to the same can be concatenated. A line is safe from `kill -9`
 * when {@link append} returns, and from a power cut after {@link flush}. A last line torn by either is dropped with
 * a warning; any other damage is an error. One process at a time has the file open.
 */
export class Journal<Line extends object> {
  private size = 0;
  private chain = '';
  /** After a failed flush or a failed repair nobody knows what the disk has: nothing more is written. */
  private broken: Error | undefined;

  private constructor(
    readonly path: string,
    private readonly kind: JournalKind<Line>,
    private readonly file: number,
    private readonly unlock: () => void,
  ) {}

  /**
   * Starts the journal at `path`, or continues it.
   *
   * @param take is given every line; it may throw where a line does not fit those before
   * @throws Error when another process has it open, it is something else, damaged, or can't be written
   */
  static open<Line extends object>(
    path: string,
    kind: JournalKind<Line>,
    take: (line: Line) => void,
  ): Journal<Line> {
    const unlock = takeLock(path);
    let file: number | undefined;
    try {
      file = openRegular(path, kind);
      const journal = new Journal(path, kind, file, unlock);
      journal.load(take);
      return journal;
    } catch (error) {
      if (file !== undefined) closeSync(file);
      unlock();
      throw error;
    }
  }

  /** Adds lines: all of them, or, on any failure, none. */
  append(lines: readonly Line[]): void {
    const { chain } = this;
    try {
      for (const line of lines) checked(this.kind.caller, 'line', this.kind.schema, line);
      this.write(this.encode(lines));
    } catch (error) {
      this.chain = chain;
      throw error;
    }
  }

  /** Resolves when all lines are on the disk. */
  async flush(): Promise<void> {
    if (this.broken !== undefined) throw this.broken;
    await promisify(fdatasync)(this.file).catch(error => {
      this.broken = this.failure(error);
      throw this.broken;
    });
  }

  close(): void {
    closeSync(this.file);
    this.unlock();
  }

  private load(take: (line: Line) => void): void {
    const { caller, format, version, about, schema } = this.kind;
    const bytes = readFileSync(this.file);
    const first = this.encode([{ format, version, about }]);
    if (isBeginning(bytes, first, format)) {
      this.size = bytes.length;
      this.write(first.subarray(bytes.length));
      fsyncSync(this.file);
      syncFolder(this.path);
      return;
    }
    this.size = bytes.lastIndexOf('\n') + 1;
    const lines = bytes.toString('utf8', 0, this.size || bytes.length).split('\n');
    if (this.size > 0) lines.pop();
    for (const [i, text] of lines.entries()) {
      try {
        const line = this.decode(text, i === 0);
        if (!('format' in line)) take(checked(`line ${i + 1}`, 'record', schema, line));
      } catch (error) {
        throw new Error(`${caller}: ${this.path}:${i + 1}: ${(error as Error).message}`);
      }
    }
    if (this.size === bytes.length) return;
    ftruncateSync(this.file, this.size);
    const torn = bytes.length - this.size;
    process.emitWarning(`${this.path}: dropped the torn last line (${torn} bytes); it never counted`);
  }

  private encode(lines: readonly object[]): Buffer {
    const texts = lines.map(line => {
      const json = JSON.stringify(line);
      if (!this.kind.chained) return `${json}\n`;
      this.chain = link(this.chain, json);
      return `${json.slice(0, -1)},"chain":"${this.chain}"}\n`;
    });
    return Buffer.from(texts.join(''));
  }

  private decode(text: string, first: boolean): object {
    const { chain, ...line } = parsed(text);
    if (first || 'format' in line) {
      this.requireOurs(line);
      this.chain = '';
    }
    if (!this.kind.chained) return line;
    this.chain = link(this.chain, JSON.stringify(line));
    if (chain !== this.chain || text !== JSON.stringify({ ...line, chain })) {
      throw new Error('the line or the one before was altered, expected them as they were written');
    }
    return line;
  }

  private requireOurs(found: Record<string, unknown>): void {
    const { format, version, about } = this.kind;
    if (found.format !== format || found.version !== version) {
      const expected = JSON.stringify({ format, version, about }).slice(0, 100);
      throw new Error(
        `this is no ${format} file, expected ${expected} there, or a new file; nothing was changed`,
      );
    }
    const there = Object(found.about);
    for (const key of new Set([...Object.keys(about), ...Object.keys(there)])) {
      const [was, is] = [there, about].map(record => String(canonicalJson(record[key])));
      if (was !== is) throw new Error(`it belongs to something else: its ${key} is ${was}, expected ${is}`);
    }
  }

  private write(bytes: Buffer): void {
    if (this.broken !== undefined) throw this.broken;
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.file, bytes, written);
    } catch (error) {
      const failure = this.failure(error);
      this.broken = failure;
      ftruncateSync(this.file, this.size); // half a line would be damage in the middle of the file
      this.broken = undefined;
      throw failure;
    }
    this.size += bytes.length;
  }

  private failure(error: unknown): Error {
    const { message } = error as Error;
    return new Error(
      `${this.kind.caller}: can't write to ${this.path} (${message}), expected room on the disk; ` +
        'what was recorded so far is safe: make room and run again',
      { cause: error },
    );
  }
}

/** Opens, or makes, a regular file: nothing that a name may lead to elsewhere, and nothing that never ends. */
function openRegular(path: string, { caller, mode }: { caller: string; mode: number }): number {
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const kinds: Record<string, string> = { ELOOP: 'a symbolic link', EISDIR: 'a folder' };
  let file: number;
  try {
    file = openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, mode);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const found = code !== undefined && code in kinds ? `is ${kinds[code]}` : `can't be opened (${message})`;
    throw new Error(`${caller}: ${path} ${found}, expected a file or a new name`);
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error(`${caller}: ${path} is a pipe or device, expected a file or a new name`);
}

/** Whether nothing but a beginning of the first line was written: by a process that died then, or nothing yet. */
function isBeginning(bytes: Buffer, first: Buffer, format: string): boolean {
  const least = `{"format":"${format}"`.length;
  const short = bytes.length >= least && bytes.length < first.length;
  return bytes.length === 0 || (short && first.subarray(0, bytes.length).equals(bytes));
}

function link(before: string, json: string): string {
  return sha256(before + json).slice(0, 16);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {}; // which is no record that a journal holds
  }
}
