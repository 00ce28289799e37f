import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Header, type HeaderData } from 'tar';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** An empty folder that is removed after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mib-data-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** A server on this machine that is closed after the test; returns its address without a final slash. */
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
