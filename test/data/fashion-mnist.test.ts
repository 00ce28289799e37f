import assert from 'node:assert/strict';
import { cp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadFashionMnistSubset, parseIdx } from '../../src/data/fashion-mnist';
import { loadDataset } from '../../src/data/load';
import type { Samples } from '../../src/types';
import { collectWarnings, sha256, temporaryFolder } from '../fixtures';
import golden from './golden-fashion-mnist.json';

const SHIPPED = join(__dirname, '..', '..', '..', 'data', 'fashion-mnist');

function rowsOf({ x, count }: Samples): string[] {
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(x.subarray(i * 784, (i + 1) * 784)).toString('hex'),
  );
}

test('the subset that ships holds what Python reads in its files', async () => {
  const data = await loadDataset('fashion-mnist');
  for (const part of ['train', 'test'] as const) {
    const { x, y, count, shape } = data[part];
    const expected = golden[part];
    assert.equal(count, expected.count);
    assert.deepEqual(shape, [28, 28, 1]);
    assert.equal(sha256(x), expected.pixels);
    assert.equal(sha256(y as Uint8Array), expected.labels);
    const classCounts = data.classNames.map((_, label) => y.filter(other => other === label).length);
    assert.deepEqual(classCounts, expected.classCounts);
  }
  assert.equal(data.classes, 10);
  assert.match(data.provenance, /subset .* split of its own, .* verified/);
});

test('no image is in both parts of the subset, or twice in one', async () => {
  // a test image that was trained on looks like evidence of membership
  const { train, test } = await loadDataset('fashion-mnist');
  assert.equal(new Set([...rowsOf(train), ...rowsOf(test)]).size, 12000);
});

test('the subset is found from any working folder, and needs neither cache nor mirror', async t => {
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(tmpdir());
  const data = await loadDataset('fashion-mnist', { mirror: '/nowhere', cache: '/nowhere' });
  assert.equal(data.train.count, 10000);
});

test('a shipped file that was changed is refused', async t => {
  const folder = temporaryFolder(t);
  await cp(SHIPPED, folder, { recursive: true });
  await truncate(join(folder, 't10k-labels-idx1-ubyte.gz'), 900);
  await assert.rejects(
    loadFashionMnistSubset(folder),
    /loadFashionMnistSubset: sha256 of .*t10k-labels-idx1-ubyte.gz is \w{64}, expected b1438c/,
  );
  await rm(join(folder, 't10k-labels-idx1-ubyte.gz'));
  await assert.rejects(loadFashionMnistSubset(folder), /ENOENT.*t10k-labels-idx1-ubyte.gz/);
});

const images = (count: number, height: number, length = count * height * 28) =>
  gzipSync(
    Buffer.concat([
      Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, height, 0, 0, 0, 28]),
      Buffer.alloc(length, 7),
    ]),
  );
const labels = (...values: number[]) =>
  gzipSync(Buffer.from([0, 0, 8, 1, 0, 0, 0, values.length, ...values]));

test('parseIdx reads a pair of files', () => {
  const samples = parseIdx('train', images(2, 28), labels(9, 0));
  assert.deepEqual([...samples.y], [9, 0]);
  assert.deepEqual(samples.x, new Uint8Array(2 * 784).fill(7));
});

const malformed: [string, Uint8Array, Uint8Array, RegExp][] = [
  [
    'a truncated gzip',
    images(2, 28).subarray(0, 30),
    labels(1, 2),
    /train-images\S+ is damaged \(.*\), expected a whole gzip/,
  ],
  ['no gzip at all', Buffer.from('<html>'), labels(1, 2), /train-images\S+ is damaged/],
  [
    'files exchanged',
    labels(1, 2),
    labels(1, 2),
    /train-images\S+ starts with 0x00000801, expected the IDX magic 0x00000803/,
  ],
  ['an empty file', gzipSync(''), labels(1, 2), /train-images\S+ starts with 0x, expected/],
  ['other images', images(2, 32), labels(1, 2), /train-images\S+ has images of 32×28, expected 28×28/],
  [
    'a wrong record length',
    images(2, 28, 1567),
    labels(1, 2),
    /has 1567 bytes of data, expected 2×28×28 = 1568/,
  ],
  ['too many bytes', images(2, 28, 1569), labels(1, 2), /has 1569 bytes of data, expected 2×28×28 = 1568/],
  [
    'too few labels',
    images(2, 28),
    labels(1),
    /train-labels-idx1-ubyte.gz has 1 labels, expected 2 as in train-images/,
  ],
  [
    'a label out of range',
    images(2, 28),
    labels(1, 10),
    /train-labels\S+, record 1: label is 10, expected 0..9/,
  ],
];
for (const [what, pixelFile, labelFile, message] of malformed) {
  test(`parseIdx refuses ${what}`, () => {
    assert.throws(() => parseIdx('train', pixelFile, labelFile), message);
  });
}

test('loadDataset refuses a name it does not know', async () => {
  await assert.rejects(
    loadDataset('mnist' as never),
    /loadDataset: name is mnist, expected 'fashion-mnist', /,
  );
});

test('the full set is read from a local mirror with a warning when it is not the published one', async t => {
  const folder = temporaryFolder(t);
  for (const part of ['train', 't10k']) {
    await writeFile(join(folder, `${part}-images-idx3-ubyte.gz`), images(3, 28));
    await writeFile(join(folder, `${part}-labels-idx1-ubyte.gz`), labels(1, 2, 3));
  }
  const warnings = collectWarnings(t);
  const data = await loadDataset('fashion-mnist', { full: true, mirror: folder });
  assert.equal(data.train.count, 3);
  const messages = await warnings();
  assert.equal(messages.length, 4);
  assert.match(messages[0], /train-images\S+ is a stand-in .* differs from the published 8d4fb7e6/);
  assert.match(
    data.provenance,
    /a stand-in from a local mirror, its md5 \w{32} differs from the published 8d4fb7e6/,
  );
});
