import { Random } from '../random';
import type { Dataset, Samples } from '../types';
import { readArchive } from './archive';
import { type FetchOptions, type PublishedFile, readPublished } from './fetch';
import { takeSamples } from './take';

/** A table of bits as R. Shokri et al. published them: an archive of one CSV file, class first, without a header. */
export interface BinaryTable {
  readonly name: string;
  readonly title: string;
  readonly file: PublishedFile;
  /** The archive's one CSV file. */
  readonly entry: string;
  readonly rows: number;
  readonly features: number;
  /** Classes are numbered from 1 in the file; the labels here from 0. */
  readonly classes: number;
}

const COMMA = 0x2c;
const ZERO = 0x30;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * A table of bits, split 80/20 at random by `seed`.
 *
 * @throws when the archive is not available (see `readPublished`) or is malformed
 */
export async function loadBinaryTable(
  table: BinaryTable,
  options: FetchOptions & { seed?: number },
): Promise<Dataset> {
  const random = new Random(options.seed ?? 0, 'split');
  const { content, verified } = await readPublished(table.file, options, async path => {
    const entries = await readArchive(path, table.file.name, [table.entry]);
    return parseRows(entries.get(table.entry) as Uint8Array, table);
  });
  const order = random.permutation(content.count);
  const trainCount = Math.floor(0.8 * content.count);
  return {
    name: table.name,
    classes: table.classes,
    classNames: Array.from({ length: table.classes }, (_, label) => String(label + 1)),
    train: takeSamples(content, order.subarray(0, trainCount)),
    test: takeSamples(content, order.subarray(trainCount)),
    provenance: `${table.title}, ${table.file.urls[0]}, ${verified}; split 80/20 by seed ${random.seed}`,
  };
}

/**
 * Bits and labels from lines like `"13",0,1,…,0`, read as bytes: Purchase-100 is 240 MB of text.
 *
 * @throws when a line has another width, a class outside `1..classes` or a feature that is not 0 or 1, or when there
 *   are more or fewer lines than `rows`
 */
export function parseRows(
  bytes: Uint8Array,
  table: Pick<BinaryTable, 'entry' | 'rows' | 'features' | 'classes'>,
): Samples {
  const { entry, rows, features, classes } = table;
  const x = new Uint8Array(rows * features);
  const y = new Uint8Array(rows);
  let row = 0;
  for (let start = 0; start < bytes.length; row++) {
    const newline = bytes.indexOf(LINE_FEED, start);
    const next = newline < 0 ? bytes.length : newline + 1;
    let end = newline < 0 ? bytes.length : newline;
    if (bytes[end - 1] === CARRIAGE_RETURN) end--;
    const fail = (found: string, expected: string) =>
      new Error(`parseRows: ${entry}, record ${row}: ${found}, expected ${expected}`);
    if (row === rows) throw fail('one row too many', `${rows} rows`);

    const comma = bytes.indexOf(COMMA, start);
    const field = Buffer.from(
      bytes.buffer,
      bytes.byteOffset + start,
      Math.min(Math.max(comma, start), end) - start,
    );
    const text = field.toString('latin1').replace(/^"(.*)"$/, '$1');
    const label = /^\d+$/.test(text) ? Number(text) : 0;
    if (label < 1 || label > classes) {
      throw fail(`class is ${JSON.stringify(text.slice(0, 20))}`, `an integer in 1..${classes}`);
    }
    y[row] = label - 1;

    // what follows the class is one comma and one digit a feature
    if (end - comma !== 2 * features) {
      const found = bytes.subarray(comma, end).reduce((sum, byte) => sum + Number(byte === COMMA), 0);
      throw fail(`${found} features in ${end - comma} bytes`, `${features}, each a comma and a 0 or 1`);
    }
    for (let feature = 0, at = comma; feature < features; feature++, at += 2) {
      const bit = bytes[at + 1] - ZERO;
      if (bytes[at] !== COMMA || (bit !== 0 && bit !== 1)) {
        throw fail(`feature ${feature} is ${JSON.stringify(String.fromCharCode(bytes[at + 1]))}`, '0 or 1');
      }
      x[row * features + feature] = bit;
    }
    start = next;
  }
  if (row !== rows) throw new Error(`parseRows: ${entry} ends after ${row} rows, expected ${rows}`);
  return { x, y, count: rows, shape: [features] };
}
