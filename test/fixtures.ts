import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Header, type HeaderData } from 'tar';
import { Random } from '../src/random';
import { rowSize, type Samples } from '../src/types';

/** An empty folder, removed after the test, or after all tests of the file. */
export function temporaryFolder(t?: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mib-test-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  if (t) t.after(remove);
  else after(remove);
  return folder;
}

interface Kind {
  readonly shape?: readonly number[];
  readonly classes?: number;
  /** 1 for bits, 255 for pixels. */
  readonly largest?: number;
}

/** Rows of uniform values with uniform labels: nothing to learn. */
export function randomSamples(count: number, seed: number, kind: Kind = {}): Samples {
  const { shape = [8, 8, 1], classes = 10, largest = 255 } = kind;
  const random = new Random(seed);
  const x = Uint8Array.from({ length: count * rowSize(shape) }, () => random.integer(largest + 1));
  const y = Uint8Array.from({ length: count }, () => random.integer(classes));
  return { x, y, count, shape: [...shape] };
}

/** Rows whose class can be learned: class k is brighter at every K-th value from k. */
export function learnable(count: number, seed: number, kind: Kind = {}): Samples {
  const { shape = [24], classes = 4, largest = 1 } = kind;
  const random = new Random(seed);
  const size = rowSize(shape);
  const y = Uint8Array.from({ length: count }, () => random.integer(classes));
  const draw = (label: number, k: number) => Number(random.next() < (k % classes === label ? 0.8 : 0.2));
  const x = Uint8Array.from(
    { length: count * size },
    (_, i) => largest * draw(y[Math.floor(i / size)], i % size),
  );
  return { x, y, count, shape: [...shape] };
}

/** Rows of bits that differ: the first bits of row r are the number r, the others 0. All labels are 0. */
export function numberedRows(count: number, width: number): Samples {
  const bit = (i: number) => (i % width < 31 ? (Math.floor(i / width) >> (i % width)) & 1 : 0);
  const x = Uint8Array.from({ length: count * width }, (_, i) => bit(i));
  return { x, y: new Uint8Array(count), count, shape: [width] };
}

/** The path of a program of ours as it was compiled, by its path in the repository: `src/cli.ts`. */
export function compiled(source: string): string {
  return join(__dirname, '..', source.replace(/\.ts$/, '.js'));
}

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node with these words, to its end, without an error where it fails. */
export function runNode(
  words: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
): Promise<Ended> {
  return new Promise(done => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 26, cwd };
    const child: ChildProcess = execFile(process.execPath, words, options, (_, stdout, stderr) =>
      done({ status: child.exitCode, signal: child.signalCode, stdout, stderr }),
    );
  });
}

/** Runs `mib` with these words, to its end. */
export const mib = (...words: string[]) => runNode([compiled('src/cli.ts'), ...words]);

/** Starts `mib` with these words, a server say; resolves with the first line that it prints. */
export async function startMib(t: TestContext, ...words: string[]): Promise<[string, ChildProcess]> {
  const child = spawn(process.execPath, [compiled('src/cli.ts'), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [text] = await once(child.stdout, 'data');
  return [String(text).split('\n')[0], child];
}

/** A server on this machine, closed after the test; returns its address without a final slash. */
export async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The messages of the warnings emitted during the test so far. */
export function collectWarnings(t: TestContext): () => Promise<string[]> {
  const messages: string[] = [];
  const listen = (warning: Error) => messages.push(warning.message);
  process.on('warning', listen);
  t.after(() => process.off('warning', listen));
  return async () => {
    await new Promise(setImmediate);
    return messages;
  };
}

/** SHA-256 in hex, by Node itself. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A gzipped tar archive, of honest entries or hostile ones. */
export function tarball(...entries: (HeaderData & { path: string; body?: Uint8Array | string })[]): Buffer {
  const blocks = entries.flatMap(({ body = '', ...data }) => {
    const header = Buffer.alloc(512);
    const content = Buffer.from(body);
    new Header({ type: 'File', mode: 0o644, size: content.length, ...data }).encode(header);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
