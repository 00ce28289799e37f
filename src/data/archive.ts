import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { isAbsolute } from 'node:path';

/**
 * The bytes of the entries `wanted` of a gzipped tar archive. Nothing is unpacked to disk; other files are skipped.
 *
 * @param archive what the archive is called in messages, wherever its bytes lie
 * @throws when the archive is damaged, lacks an entry or has it twice, or has a link or an entry outside its folder,
 *   which no honest copy of these data sets has
 */
export async function readArchive(
  path: string,
  archive: string,
  wanted: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const { Parser } = await import('tar'); // only when there is an archive to read: it takes 0.1 s
  const found = new Map<string, Uint8Array>();
  let refusal: Error | undefined;
  const refuse = (entry: string, expectation: string) => {
    refusal ??= new Error(`readArchive: ${archive}, entry ${entry}: expected ${expectation}`);
  };
  const parser = new Parser({ strict: true });
  parser.on('entry', entry => {
    if (isAbsolute(entry.path) || entry.path.split(/[/\\]/).includes('..')) {
      refuse(entry.path, 'a path inside the folder');
    } else if (!['File', 'OldFile', 'Directory'].includes(entry.type)) {
      refuse(entry.path, `a file or a folder, not ${entry.type}`);
    } else if (found.has(entry.path)) {
      refuse(entry.path, 'it once');
    } else if (wanted.includes(entry.path)) {
      const bytes = new Uint8Array(entry.size);
      let filled = 0;
      entry.on('data', (chunk: Uint8Array) => {
        bytes.set(chunk, filled);
        filled += chunk.length;
      });
      found.set(entry.path, bytes);
    }
    entry.resume();
  });
  try {
    const end = once(parser, 'end');
    end.catch(() => {}); // the error may come before it is awaited
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      parser.write(chunk);
      if (refusal) break;
    }
    parser.end();
    if (!refusal) await end;
  } catch (error) {
    throw new Error(
      `readArchive: ${archive} is damaged (${(error as Error).message}), expected a whole gzipped tar archive`,
    );
  }
  if (refusal) throw refusal;
  for (const name of wanted) {
    if (!found.has(name)) throw new Error(`readArchive: ${archive} has no entry ${name}, expected one`);
  }
  return found;
}
