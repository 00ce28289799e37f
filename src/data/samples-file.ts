import { z } from 'zod';
import { parseJson, readLimited, writeWhole } from '../files';
import { rowSize, type Samples } from '../types';

const format = 'mib-samples';
const version = 1;
const schema = z
  .strictObject({
    format: z.literal(format),
    version: z.literal(version),
    shape: z.array(z.int().min(1)).min(1).max(3),
    count: z.int().min(1),
    y: z.array(z.int().min(0).max(0x7fffffff)),
    x: z.base64(),
  })
  .refine(file => file.y.length === file.count, 'expected one label a row');

/** The largest file that {@link readSamples} takes: room for CIFAR-10 twice. */
const LIMIT = 400 * 2 ** 20;

/** Writes samples, labels included, as one JSON file, the bytes in base64: to publish or to hand to a verifier. */
export function writeSamples(path: string, { shape, count, x, y }: Samples): void {
  const record = { format, version, shape, count, y: [...y], x: Buffer.from(x).toString('base64') };
  writeWhole(path, JSON.stringify(record));
}

/**
 * Reads what {@link writeSamples} wrote.
 *
 * @throws if the file is larger than 400 MiB, malformed, or its parts do not fit together
 */
export function readSamples(path: string): Samples {
  const bytes = readLimited('readSamples', path, LIMIT);
  const { shape, count, x: base64, y: labels } = parseJson('readSamples', bytes, { format, version, schema });
  const x = new Uint8Array(Buffer.from(base64, 'base64'));
  const expected = count * rowSize(shape);
  if (x.length !== expected) {
    throw new Error(`readSamples: x has ${x.length} bytes, expected ${expected}`);
  }
  const y = labels.every(label => label < 256) ? Uint8Array.from(labels) : Int32Array.from(labels);
  return { x, y, count, shape };
}
