import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockedError, takeLock } from '../lock';
import type { Progress } from '../types';

/** Longest pause of a server, in milliseconds, that is waited for. */
const SILENCE = 60_000;

/** A file as its publisher describes it. */
export interface PublishedFile {
  readonly name: string;
  /** Addresses of the same bytes, tried in this order. */
  readonly urls: readonly string[];
  readonly checksum?: Required<Checksum>;
}

interface Checksum {
  readonly algorithm: 'sha256' | 'md5';
  readonly digest?: string;
}

/** Parses the file at a path; throws when anything in it is wrong. */
type Read<T> = (path: string) => Promise<T>;

export interface FetchOptions {
  /** Folder that keeps what was downloaded. */
  readonly cache: string;
  /** Local folder or base URL that holds the files under their published names, used instead of the addresses. */
  readonly mirror?: string;
  /** Called as bytes arrive; `total` is Infinity when the server does not say. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What `read` made of a file's bytes, and how those bytes were verified, in words. */
interface Verified<T> {
  readonly content: T;
  readonly verified: string;
}

/**
 * Reads a published file: from the local mirror, else from the cache, else by downloading it into the cache.
 *
 * A download goes to `NAME.part`, which the next call resumes; it gets its name only after the checksum was right
 * and `read` found nothing wrong. Where no checksum is published, the sha256 of the first good download is kept
 * as `NAME.sha256` and takes its place from then on. Only a local mirror may hold other bytes than the published
 * ones: that is a warning, and `verified` says so.
 *
 * @throws when the file is not available: every address tried and what went wrong there
 */
export async function readPublished<T>(
  file: PublishedFile,
  options: FetchOptions,
  read: Read<T>,
): Promise<Verified<T>> {
  options.signal?.throwIfAborted();
  const { cache, mirror } = options;
  if (mirror && !/^https?:\/\//.test(mirror)) return readFromFolder(file, mirror, read);
  const path = join(cache, file.name);
  const cached = await readCached(file, path, read);
  if (cached) return cached;
  try {
    await mkdir(cache, { recursive: true });
  } catch (error) {
    throw unwritable(file, cache, error);
  }
  const release = await waitForLock(file, path, options);
  try {
    const urls = mirror ? [`${mirror.replace(/\/+$/, '')}/${file.name}`] : file.urls;
    return (await readCached(file, path, read)) ?? (await download(file, urls, path, options, read));
  } finally {
    release();
  }
}

/** Waits 15 s for another process that downloads the same file. */
async function waitForLock(file: PublishedFile, path: string, options: FetchOptions): Promise<() => void> {
  for (let tries = 0; ; tries++) {
    try {
      return takeLock(path);
    } catch (error) {
      if (!(error instanceof LockedError)) throw unwritable(file, options.cache, error);
      if (tries === 15) {
        throw new Error(
          `readPublished: ${path} is being downloaded by another process, try again when it is done`,
          { cause: error },
        );
      }
      await sleep(1000, undefined, { signal: options.signal });
    }
  }
}

/** The checksum of the file at `path`, as lower-case hexadecimal. */
export async function hashFile(path: string, algorithm: Checksum['algorithm']): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function readFromFolder<T>(file: PublishedFile, folder: string, read: Read<T>): Promise<Verified<T>> {
  const path = join(folder, file.name);
  if (!existsSync(path)) {
    throw new Error(
      `readPublished: mirror is ${folder}, expected a folder with a file ${file.name}, or a URL`,
    );
  }
  const { algorithm, digest = '' } = file.checksum ?? { algorithm: 'sha256' };
  const actual = await hashFile(path, algorithm);
  if (digest === '' || actual === digest) {
    return { content: await read(path), verified: inWords(file, algorithm, actual) };
  }
  const difference = `its ${algorithm} ${actual} differs from the published ${digest}`;
  process.emitWarning(`${path} is a stand-in for the published file: ${difference}`);
  return { content: await read(path), verified: `a stand-in from a local mirror, ${difference}` };
}

async function readCached<T>(
  file: PublishedFile,
  path: string,
  read: Read<T>,
): Promise<Verified<T> | undefined> {
  if (!existsSync(path)) return undefined;
  const { algorithm, digest } = await checksumOf(file, path);
  const actual = await hashFile(path, algorithm);
  if (digest !== undefined && actual !== digest) return undefined;
  return { content: await read(path), verified: inWords(file, algorithm, actual) };
}

async function download<T>(
  file: PublishedFile,
  urls: readonly string[],
  path: string,
  options: FetchOptions,
  read: Read<T>,
): Promise<Verified<T>> {
  const part = `${path}.part`;
  const { algorithm, digest } = await checksumOf(file, path);
  if (existsSync(path))
    process.emitWarning(`${path} is damaged (its checksum differs), downloading it again`);
  const failures: string[] = [];
  for (const url of urls) {
    try {
      // bytes resumed from an older or other download may not fit: then once more from the start
      for (let resumed = true; resumed; ) {
        resumed = await transfer(url, part, file.name, options);
        try {
          const actual = await hashFile(part, algorithm);
          if (digest !== undefined && actual !== digest) {
            const origin = file.checksum ? 'the published' : `${path}.sha256 of the first download,`;
            throw new Error(`${algorithm} is ${actual}, expected ${origin} ${digest}`);
          }
          const content = await read(part);
          if (digest === undefined) await writeFile(`${path}.sha256`, `${actual}\n`);
          await rename(part, path);
          return { content, verified: inWords(file, algorithm, actual) };
        } catch (error) {
          await rm(part, { force: true });
          if (!resumed) throw error;
        }
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(`${url}: ${reason(error)}`);
    }
  }
  throw new Error(`readPublished: cannot download ${file.name}. ${failures.join('. ')}`);
}

/** Appends to `part` what it lacks of `url`, and tells whether it kept what was there. */
async function transfer(url: string, part: string, name: string, options: FetchOptions): Promise<boolean> {
  const there = existsSync(part) ? (await stat(part)).size : 0;
  const response = await request(url, there > 0 ? { range: `bytes=${there}-` } : {}, options.signal);
  try {
    const { statusCode, statusMessage, headers } = response;
    if (statusCode === 416 && there > 0) return true; // nothing is missing; the checksum will tell
    const resumed = statusCode === 206 && !!headers['content-range']?.startsWith(`bytes ${there}-`);
    if (statusCode !== 200 && !resumed) throw new Error(`the server answered ${statusCode} ${statusMessage}`);
    let done = resumed ? there : 0;
    const total = done + (Number(headers['content-length']) || Number.POSITIVE_INFINITY);
    const file = await open(part, resumed ? 'a' : 'w');
    try {
      for await (const chunk of response) {
        await file.appendFile(chunk);
        done += chunk.length;
        options.onProgress?.({ done, total, unit: 'bytes', note: name });
      }
    } finally {
      await file.close();
    }
    return resumed;
  } finally {
    response.destroy();
  }
}

/**
 * The answer to a GET after redirects, its body unread and as it was sent.
 *
 * Not by fetch: undici 7, also the one inside Node 22 and 24, crashes the process when a server closes the
 * connection while the reader is slower than the network (https://github.com/nodejs/undici/issues/5360).
 */
async function request(
  url: string,
  headers: OutgoingHttpHeaders,
  signal?: AbortSignal,
  redirects = 5,
): Promise<IncomingMessage> {
  const { get } = url.startsWith('https:') ? https : http;
  const sent = get(url, { headers, signal, timeout: SILENCE });
  sent.on('timeout', () => sent.destroy(new Error(`nothing arrived for ${SILENCE / 1000} s`)));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  sent.on('error', () => {}); // the reader of the body meets it, too
  const { statusCode = 0, headers: answer } = response;
  if (statusCode < 300 || statusCode >= 400 || !answer.location || redirects === 0) return response;
  response.destroy();
  return request(new URL(answer.location, url).href, headers, signal, redirects - 1);
}

/** As published; else that of the first download, without a digest where there was none yet. */
async function checksumOf(file: PublishedFile, path: string): Promise<Checksum> {
  if (file.checksum) return file.checksum;
  const record = `${path}.sha256`;
  const digest = existsSync(record) ? (await readFile(record, 'utf8')).trim() : undefined;
  return { algorithm: 'sha256', digest };
}

function inWords(file: PublishedFile, algorithm: string, digest: string): string {
  return file.checksum
    ? `${algorithm} ${digest} as published`
    : `${algorithm} ${digest} (none is published; every row was checked)`;
}

function unwritable(file: PublishedFile, cache: string, error: unknown): Error {
  return new Error(
    `readPublished: cache is ${cache}, expected a folder to write ${file.name} to (${reason(error)}); ` +
      'choose another by the option cache or by MIB_DATA_CACHE',
  );
}

/** Errors of several addresses at once have a code and no message. */
function reason(error: unknown): string {
  return (error as Error).message || String((error as NodeJS.ErrnoException).code);
}
