import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type BinaryTable, loadBinaryTable, parseRows } from '../../src/data/binary-rows';
import { LOCATION30, PURCHASE100 } from '../../src/data/binary-tables';
import type { Dataset, Samples } from '../../src/types';
import { serve, sha256, tarball, temporaryFolder } from '../fixtures';

const table = { entry: 'table', rows: 3, features: 4, classes: 30 };
const parse = (text: string) => parseRows(Buffer.from(text), table);

test('parseRows reads quoted and plain classes, with and without a final newline', () => {
  const expected = {
    x: Uint8Array.of(0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0),
    y: Uint8Array.of(12, 0, 29),
    count: 3,
    shape: [4],
  };
  assert.deepEqual(parse('"13",0,1,0,1\n"1",1,1,1,1\n"30",0,0,0,0\n'), expected);
  assert.deepEqual(parse('13,0,1,0,1\n1,1,1,1,1\n30,0,0,0,0'), expected);
  assert.deepEqual(parse('13,0,1,0,1\r\n1,1,1,1,1\r\n30,0,0,0,0\r\n'), expected);
});

test('parseRows reads bytes that lie inside a larger buffer', () => {
  // the bytes of an archive entry or of a pooled Buffer do not start at 0
  const inside = Buffer.from('xxxx7,0,1,0,1\n1,1,1,1,1\n30,0,0,0,0').subarray(4);
  assert.deepEqual([...parseRows(inside, table).y], [6, 0, 29]);
});

const good = '13,0,1,0,1\n';
const malformed: [string, string, RegExp][] = [
  [
    'a row too short',
    `${good}1,0,1,0\n`,
    /parseRows: table, record 1: 3 features in 6 bytes, expected 4, each/,
  ],
  ['a row too long', `${good}1,0,1,0,1,1\n`, /record 1: 5 features in 10 bytes, expected 4/],
  [
    'a two-digit feature',
    `${good}1,0,10,0,1\n`,
    /record 1: 4 features in 9 bytes, expected 4, each a comma and/,
  ],
  ['a feature 2', `${good}1,0,1,2,1\n`, /record 1: feature 2 is "2", expected 0 or 1/],
  ['an empty feature', `${good}1,0,,00,1\n`, /record 1: feature 1 is ",", expected 0 or 1/],
  ['another separator', `${good}1,0;1,0,1\n`, /record 1: feature 1 .*expected/],
  ['class 0', `${good}0,0,1,0,1\n`, /record 1: class is "0", expected an integer in 1..30/],
  ['class 31', `${good}"31",0,1,0,1\n`, /record 1: class is "31", expected an integer in 1..30/],
  ['a class that is no number', `${good}1.5,0,1,0,1\n`, /record 1: class is "1.5", expected an integer/],
  ['an unfinished quote', `${good}"1,0,1,0,1\n`, /record 1: class is "\\"1", expected an integer/],
  ['a header', `class,a,b,c,d\n${good}`, /record 0: class is "class", expected an integer/],
  ['an empty line', `${good}\n${good}`, /record 1: class is "", expected an integer/],
  ['a line without commas', `${good}1\n${good}`, /record 1: .*features in .*expected 4/],
  ['too few rows', good + good, /parseRows: table ends after 2 rows, expected 3/],
  ['too many rows', good.repeat(4), /parseRows: table, record 3: one row too many, expected 3 rows/],
  ['a truncated last row', `${good}${good}13,0,1`, /record 2: 2 features in 4 bytes, expected 4/],
  ['an empty file', '', /table ends after 0 rows, expected 3/],
];
for (const [what, text, message] of malformed) {
  test(`parseRows refuses ${what}`, () => {
    assert.throws(() => parse(text), message);
  });
}

/** Row number as class and as bits, so that every row is known after shuffling. */
function smallTable(published: BinaryTable, rows: number): { table: BinaryTable; archive: Buffer } {
  const lines = Array.from({ length: rows }, (_, row) => {
    const bits = Array.from({ length: published.features }, (_, feature) => (row >> (feature % 8)) & 1);
    return `${row + 1},${bits.join(',')}\n`;
  });
  const { name, urls } = published.file;
  return {
    table: { ...published, rows, file: { name, urls } },
    archive: tarball({ path: published.entry, body: lines.join('') }),
  };
}

const rowsOf = (data: Dataset) => [...data.train.y, ...data.test.y];

for (const [published, rows] of [
  [PURCHASE100, 100],
  [LOCATION30, 30],
] as const) {
  test(`a small table in the format of ${published.name} is split 80/20 by seed`, async t => {
    const mirror = temporaryFolder(t);
    const { table, archive } = smallTable(published, rows);
    await writeFile(join(mirror, table.file.name), archive);
    const load = (seed?: number) => loadBinaryTable(table, { cache: mirror, mirror, seed });
    const data = await load();
    assert.equal(data.classes, published.classes);
    assert.deepEqual(data.classNames.slice(0, 2), ['1', '2']);
    assert.deepEqual([data.train.count, data.test.count], [0.8 * rows, 0.2 * rows]);
    assert.deepEqual(
      rowsOf(data).sort((a, b) => a - b),
      Array.from({ length: rows }, (_, row) => row),
    );
    const bitsFitLabels = ({ x, y, count, shape: [features] }: Samples) =>
      Array.from({ length: count }).every((_, row) =>
        x.subarray(row * features, (row + 1) * features).every((bit, i) => bit === ((y[row] >> (i % 8)) & 1)),
      );
    assert.ok(bitsFitLabels(data.train) && bitsFitLabels(data.test), 'bits moved with their labels');
    assert.deepEqual(rowsOf(await load(0)), rowsOf(data));
    assert.notDeepEqual(rowsOf(await load(1)), rowsOf(data));
    assert.match(data.provenance, new RegExp(`sha256 ${sha256(archive)} .* split 80/20 by seed 0`));
    await assert.rejects(load(-1), /Random: seed is -1, expected an integer/);
  });
}

test('Purchase-100: the first good download is remembered, and another one refused', async t => {
  const cache = join(temporaryFolder(t), 'cache');
  const { table, archive } = smallTable(PURCHASE100, 100);
  const responses = {
    malformed: tarball({ path: table.entry, body: '1,0\n' }),
    good: archive,
    other: Buffer.concat([archive.subarray(0, 4), Buffer.from([1]), archive.subarray(5)]), // another time stamp
  };
  let answer: keyof typeof responses = 'malformed';
  const mirror = await serve(t, (_, response) => response.end(responses[answer]));
  const load = () => loadBinaryTable(table, { cache, mirror });

  // a captive portal's page or a broken table must not become the reference
  await assert.rejects(load(), /dataset_purchase, record 0: 1 features in 2 bytes, expected 600/);
  assert.deepEqual(await readdir(cache), []);

  answer = 'good';
  const data = await load();
  assert.deepEqual(await readdir(cache), ['dataset_purchase.tgz', 'dataset_purchase.tgz.sha256']);
  answer = 'other';
  assert.deepEqual(rowsOf(await load()), rowsOf(data)); // from the cache

  await rm(join(cache, 'dataset_purchase.tgz'));
  await assert.rejects(
    load(),
    new RegExp(
      `sha256 is ${sha256(responses.other)}, expected .*tgz.sha256 of the first download, ${sha256(archive)}`,
    ),
  );
  assert.deepEqual(await readdir(cache), ['dataset_purchase.tgz.sha256']);
});
