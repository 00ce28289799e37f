/** The published files themselves, where `MIB_DATA_MIRROR` names a local folder that has them. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadDataset } from '../../src/data/load';
import type { Samples } from '../../src/types';
import { sha256 } from '../fixtures';
import golden from './golden-location30.json';

const mirror = process.env.MIB_DATA_MIRROR;

/** Options that skip a test, with a reason, where the file is not at hand. */
function needs(file: string): { skip: string | false } {
  const there = mirror && existsSync(join(mirror, file));
  return { skip: there ? false : `set MIB_DATA_MIRROR to a local folder that has ${file}` };
}

function classCounts(classes: number, ...parts: Samples[]): number[] {
  const counts = new Array(classes).fill(0);
  for (const { y } of parts) for (const label of y) counts[label]++;
  return counts;
}

test(
  'Location-30 and its split are what Python and numpy make of the file',
  needs('dataset_location.tgz'),
  async () => {
    for (const { seed, ...parts } of golden.splits) {
      const data = await loadDataset('location30', { seed });
      assert.equal(data.train.count + data.test.count, golden.rows);
      assert.deepEqual(data.train.shape, [golden.features]);
      assert.deepEqual(classCounts(data.classes, data.train, data.test), golden.classCounts);
      for (const part of ['train', 'test'] as const) {
        const { count, x, y } = data[part];
        assert.deepEqual({ count, x: sha256(x), y: sha256(y as Uint8Array) }, parts[part]);
      }
      assert.match(data.provenance, /sha256 927203f8\w+ as published/);
    }
  },
);

test(
  'CIFAR-10 has 50,000 + 10,000 images, as many of each class',
  needs('cifar-10-binary.tar.gz'),
  async () => {
    const data = await loadDataset('cifar10');
    assert.deepEqual(data.train.shape, [32, 32, 3]);
    assert.equal(data.train.x.length, 50_000 * 3072);
    assert.equal(data.test.x.length, 10_000 * 3072);
    assert.deepEqual(classCounts(10, data.train), new Array(10).fill(5000));
    assert.deepEqual(classCounts(10, data.test), new Array(10).fill(1000));
    assert.match(data.provenance, /as published|stand-in/);
  },
);

test('Purchase-100 has 197,324 rows in 100 classes', needs('dataset_purchase.tgz'), async () => {
  const data = await loadDataset('purchase100');
  assert.deepEqual([data.train.count, data.test.count], [157_859, 39_465]);
  assert.deepEqual(data.train.shape, [600]);
  assert.ok(classCounts(100, data.train, data.test).every(count => count > 0));
});
