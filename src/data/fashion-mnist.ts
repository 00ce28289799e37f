import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Dataset, rowSize, type Samples } from '../types';
import { type FetchOptions, hashFile, readPublished } from './fetch';

/** sha256 of the files that ship in `data/fashion-mnist/`. */
const SUBSET = {
  'train-images-idx3-ubyte.gz': '382734f6919da9836ae81dd4a7a4d1309aa6282e88015a1807d6e602b12a2ad9',
  'train-labels-idx1-ubyte.gz': '9d6c1d006569b56752dbe1682f27834fb6f2abf8c8da2eb93256afa8a7f30204',
  't10k-images-idx3-ubyte.gz': '11d25f66f58e03e38015c44f110eb879c803863025a115423ad9aeea81a93f61',
  't10k-labels-idx1-ubyte.gz': 'b1438cf009d1cddf86486608a4f8e31a00e6f29c6165083d0f4edf5263473d2b',
};

type FileName = keyof typeof SUBSET;

/** md5 of the official files, as published by their authors. */
const OFFICIAL: Record<FileName, string> = {
  'train-images-idx3-ubyte.gz': '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
  'train-labels-idx1-ubyte.gz': '25c81989df183df01b3e8a0aad5dffbe',
  't10k-images-idx3-ubyte.gz': 'bef4ecab320f06d8554ea6380940ec79',
  't10k-labels-idx1-ubyte.gz': 'bb300cfdad3c16e7a12a480ee83cd310',
};

const ADDRESSES = [
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
  'https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion',
];

const SIDE = 28;
const CLASS_NAMES =
  'T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot'.split(', ');

/**
 * The subset of Fashion-MNIST that ships with this package: 10,000 + 2,000 images, as many of each class.
 *
 * @param folder where the four files lie
 * @throws when a file is missing or changed
 */
export async function loadFashionMnistSubset(folder: string): Promise<Dataset> {
  const parts = await readParts(async name => {
    const path = join(folder, name);
    const digest = await hashFile(path, 'sha256');
    if (digest !== SUBSET[name]) {
      throw new Error(`loadFashionMnistSubset: sha256 of ${path} is ${digest}, expected ${SUBSET[name]}`);
    }
    return readFile(path);
  });
  return dataset(
    parts,
    'a class-balanced subset of 12,000 images with a split of its own, see data/README.md; ' +
      'sha256 of the four files verified',
  );
}

/**
 * The full Fashion-MNIST, 60,000 + 10,000 images in the official split.
 *
 * @throws when a file is not available (see `readPublished`) or is malformed
 */
export async function loadFashionMnist(options: FetchOptions): Promise<Dataset> {
  const sums: string[] = [];
  const parts = await readParts(async name => {
    const urls = ADDRESSES.map(address => `${address}/${name}`);
    const file = { name, urls, checksum: { algorithm: 'md5', digest: OFFICIAL[name] } } as const;
    const { content, verified } = await readPublished(file, options, path => readFile(path));
    sums.push(verified);
    return content;
  });
  return dataset(parts, `four files: ${sums.join('; ')}`);
}

type Parts = Pick<Dataset, 'train' | 'test'>;

function dataset(parts: Parts, origin: string): Dataset {
  const provenance = `Fashion-MNIST (Xiao, Rasul, Vollgraf 2017; MIT licence), ${origin}`;
  return {
    name: 'fashion-mnist',
    classes: CLASS_NAMES.length,
    classNames: CLASS_NAMES,
    ...parts,
    provenance,
  };
}

async function readParts(read: (name: FileName) => Promise<Uint8Array>): Promise<Parts> {
  const part = async (prefix: 'train' | 't10k') =>
    parseIdx(
      prefix,
      await read(`${prefix}-images-idx3-ubyte.gz`),
      await read(`${prefix}-labels-idx1-ubyte.gz`),
    );
  return { train: await part('train'), test: await part('t10k') };
}

/**
 * Images and labels from a pair of gzipped IDX files (http://yann.lecun.com/exdb/mnist/): a magic number, the
 * dimensions as big-endian 32-bit integers, then one byte a value.
 *
 * @param prefix of the files' names, for messages
 * @throws when a file is truncated, has another magic number, size or length, or a label above 9
 */
export function parseIdx(prefix: 'train' | 't10k', images: Uint8Array, labels: Uint8Array): Samples {
  const names = [`${prefix}-images-idx3-ubyte.gz`, `${prefix}-labels-idx1-ubyte.gz`];
  const pixels = parseArray(names[0], images, 3);
  const y = parseArray(names[1], labels, 1);
  const [count, height, width] = pixels.dimensions;
  if (height !== SIDE || width !== SIDE) {
    throw new Error(`parseIdx: ${names[0]} has images of ${height}×${width}, expected ${SIDE}×${SIDE}`);
  }
  if (y.dimensions[0] !== count) {
    throw new Error(
      `parseIdx: ${names[1]} has ${y.dimensions[0]} labels, expected ${count} as in ${names[0]}`,
    );
  }
  const wrong = y.values.findIndex(label => label >= CLASS_NAMES.length);
  if (wrong >= 0) {
    throw new Error(`parseIdx: ${names[1]}, record ${wrong}: label is ${y.values[wrong]}, expected 0..9`);
  }
  return { x: pixels.values, y: y.values, count, shape: [SIDE, SIDE, 1] };
}

function parseArray(name: string, packed: Uint8Array, axes: number) {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(packed);
  } catch (error) {
    throw new Error(`parseIdx: ${name} is damaged (${(error as Error).message}), expected a whole gzip file`);
  }
  const head = 4 + 4 * axes;
  const magic = 0x800 + axes;
  if (bytes.length < head || bytes.readUInt32BE(0) !== magic) {
    const found = bytes.subarray(0, 4).toString('hex');
    throw new Error(
      `parseIdx: ${name} starts with 0x${found}, expected the IDX magic 0x00000${magic.toString(16)}`,
    );
  }
  const dimensions = Array.from({ length: axes }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const expected = rowSize(dimensions);
  const values = new Uint8Array(bytes.subarray(head));
  if (values.length !== expected) {
    throw new Error(
      `parseIdx: ${name} has ${values.length} bytes of data, expected ${dimensions.join('×')} = ${expected}`,
    );
  }
  return { dimensions, values };
}
