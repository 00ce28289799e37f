import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseBatches } from '../../src/data/cifar10';
import { loadDataset } from '../../src/data/load';
import { collectWarnings, tarball, temporaryFolder } from '../fixtures';

function record(label: number, color: (channel: number, pixel: number) => number): Buffer {
  const planes = Array.from({ length: 3072 }, (_, i) => color(Math.floor(i / 1024), i % 1024));
  return Buffer.from([label, ...planes]);
}

test('parseBatches turns planes into pixels, batch after batch', () => {
  // row-major planes taken for interleaved pixels still give plausible bytes, and a net that learns nothing
  const color = (channel: number, pixel: number) => (channel * 80 + pixel) % 256;
  const samples = parseBatches(
    [
      { name: 'one', bytes: Buffer.concat([record(3, color), record(9, () => 1)]) },
      { name: 'two', bytes: Buffer.concat([record(0, () => 2), record(5, color)]) },
    ],
    2,
  );
  assert.deepEqual([...samples.y], [3, 9, 0, 5]);
  assert.deepEqual(samples.shape, [32, 32, 3]);
  for (const row of [0, 3]) {
    for (let pixel = 0; pixel < 1024; pixel++) {
      const at = row * 3072 + pixel * 3;
      const expected = [0, 1, 2].map(channel => color(channel, pixel));
      assert.deepEqual([...samples.x.subarray(at, at + 3)], expected);
    }
  }
  assert.ok(samples.x.subarray(3072, 6144).every(value => value === 1));
  assert.ok(samples.x.subarray(6144, 9216).every(value => value === 2));
});

test('parseBatches names file, record and expectation', () => {
  const good = record(1, () => 0);
  assert.throws(() => parseBatches([{ name: 'batch', bytes: good.subarray(1) }], 1), {
    message:
      'parseBatches: batch has 3072 bytes (0 records and 3072 bytes), expected 1 records of 3073 bytes',
  });
  assert.throws(
    () => parseBatches([{ name: 'batch', bytes: good }], 2),
    /1 records and 0 bytes\), expected 2 records/,
  );
  assert.throws(
    () => parseBatches([{ name: 'batch', bytes: Buffer.concat([good, record(10, () => 0)]) }], 2),
    /parseBatches: batch, record 1: label is 10, expected 0..9/,
  );
});

test('an archive of short batches is refused, from a local mirror too', async t => {
  const mirror = temporaryFolder(t);
  const names = [1, 2, 3, 4, 5].map(number => `data_batch_${number}.bin`).concat('test_batch.bin');
  const body = record(1, () => 0);
  const bytes = tarball(...names.map(name => ({ path: `cifar-10-batches-bin/${name}`, body })));
  await writeFile(join(mirror, 'cifar-10-binary.tar.gz'), bytes);
  const warnings = collectWarnings(t);
  await assert.rejects(
    loadDataset('cifar10', { mirror }),
    /cifar-10-batches-bin\/data_batch_1.bin has 3073 bytes .* expected 10000 records of 3073 bytes/,
  );
  assert.match((await warnings())[0], /cifar-10-binary.tar.gz is a stand-in for the published file/);
});
