import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson, parseJson, readLimited, sha256, writeWhole } from '../../files';

const VERSION = 1;
const JSON_LIMIT = 64 * 2 ** 20;
const lengths = z.array(z.int().min(0)).max(100_000);

/**
 * Writes a record and float32 arrays as `NAME.json` and one `NAME-….bin` of little-endian numbers in `folder`.
 *
 * The JSON file carries a checksum of both and gets its name last, so a reader finds the old pair or the new one
 * whenever this process is killed.
 */
export function writeArrays(
  folder: string,
  name: string,
  record: object,
  arrays: readonly Float32Array[],
): void {
  const bytes = Buffer.concat(
    arrays.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );
  const content = { format: `mib-${name}`, version: VERSION, ...record, lengths: arrays.map(a => a.length) };
  const checksum = sha256(canonicalJson(content), bytes);
  const binary = binaryName(name, checksum);
  mkdirSync(folder, { recursive: true });
  writeWhole(join(folder, binary), bytes);
  writeWhole(join(folder, `${name}.json`), `${JSON.stringify({ ...content, checksum })}\n`);
  for (const file of readdirSync(folder)) {
    if (file.startsWith(`${name}-`) && file.endsWith('.bin') && file !== binary) rmSync(join(folder, file));
  }
}

/**
 * Reads what {@link writeArrays} wrote.
 *
 * @throws if a file is missing, truncated, altered, or of another format
 */
export function readArrays<Shape extends z.ZodRawShape>(
  caller: string,
  folder: string,
  name: string,
  fields: Shape,
): { record: z.infer<z.ZodObject<Shape>>; arrays: Float32Array[] } {
  const path = join(folder, `${name}.json`);
  const format = `mib-${name}`;
  const schema = z.strictObject({
    format: z.literal(format),
    version: z.literal(VERSION),
    lengths,
    checksum: z.string().regex(/^[0-9a-f]{64}$/),
    ...fields,
  });
  const text = readLimited(caller, path, JSON_LIMIT);
  const parsed = parseJson(caller, text, { format, version: VERSION, schema });
  const { checksum, ...content } = parsed as typeof parsed & { checksum: string; lengths: number[] };
  const binary = join(folder, binaryName(name, checksum));
  const expected = content.lengths.reduce((sum, length) => sum + 4 * length, 0);
  const bytes = readLimited(caller, binary, expected);
  if (bytes.length !== expected) {
    throw new Error(`${caller}: ${binary} has ${bytes.length} bytes, expected ${expected}`);
  }
  if (sha256(canonicalJson(content), bytes) !== checksum) {
    throw new Error(`${caller}: ${path} or ${binary} was altered, expected contents of checksum ${checksum}`);
  }
  let offset = bytes.byteOffset;
  const arrays = content.lengths.map(length => {
    const array = new Float32Array(bytes.buffer.slice(offset, offset + 4 * length));
    offset += 4 * length;
    return array;
  });
  return { record: parsed as z.infer<z.ZodObject<Shape>>, arrays };
}

function binaryName(name: string, checksum: string): string {
  return `${name}-${checksum.slice(0, 16)}.bin`;
}
