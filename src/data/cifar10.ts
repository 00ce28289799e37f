import type { Dataset, Samples } from '../types';
import { readArchive } from './archive';
import { type FetchOptions, type PublishedFile, readPublished } from './fetch';

const ARCHIVE: PublishedFile = {
  name: 'cifar-10-binary.tar.gz',
  urls: ['https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'],
  checksum: {
    algorithm: 'sha256',
    digest: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
  },
};

const FOLDER = 'cifar-10-batches-bin';
const TRAIN = [1, 2, 3, 4, 5].map(number => `${FOLDER}/data_batch_${number}.bin`);
const TEST = [`${FOLDER}/test_batch.bin`];
const CLASS_NAMES = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

const CHANNELS = 3;
const PIXELS = 32 * 32;
const RECORD = 1 + CHANNELS * PIXELS;
const BATCH = 10_000;

/**
 * CIFAR-10 from the official binary archive, 50,000 + 10,000 images in the official split.
 *
 * @throws when the archive is not available (see `readPublished`) or is malformed
 */
export async function loadCifar10(options: FetchOptions): Promise<Dataset> {
  const { content, verified } = await readPublished(ARCHIVE, options, async path => {
    const entries = await readArchive(path, ARCHIVE.name, [...TRAIN, ...TEST]);
    const batch = (name: string) => ({ name, bytes: entries.get(name) as Uint8Array });
    return { train: parseBatches(TRAIN.map(batch), BATCH), test: parseBatches(TEST.map(batch), BATCH) };
  });
  return {
    name: 'cifar10',
    classes: CLASS_NAMES.length,
    classNames: CLASS_NAMES,
    ...content,
    provenance: `CIFAR-10 (Krizhevsky 2009), ${ARCHIVE.urls[0]}, ${verified}`,
  };
}

/**
 * Images from CIFAR-10's binary batches (https://www.cs.toronto.edu/~kriz/cifar.html): records of a label byte and
 * a red, a green and a blue plane of 32×32 bytes; the planes are interleaved here to pixels of three channels.
 *
 * @param records how many records each batch must have
 * @throws when a batch has another length, or a label is above 9
 */
export function parseBatches(batches: { name: string; bytes: Uint8Array }[], records: number): Samples {
  const count = batches.length * records;
  const x = new Uint8Array(count * CHANNELS * PIXELS);
  const y = new Uint8Array(count);
  let row = 0;
  for (const { name, bytes } of batches) {
    if (bytes.length !== records * RECORD) {
      const whole = Math.floor(bytes.length / RECORD);
      throw new Error(
        `parseBatches: ${name} has ${bytes.length} bytes (${whole} records and ${bytes.length % RECORD} bytes), ` +
          `expected ${records} records of ${RECORD} bytes`,
      );
    }
    for (let record = 0; record < records; record++, row++) {
      const start = record * RECORD;
      y[row] = bytes[start];
      if (y[row] >= CLASS_NAMES.length) {
        throw new Error(`parseBatches: ${name}, record ${record}: label is ${y[row]}, expected 0..9`);
      }
      const red = start + 1;
      let target = row * CHANNELS * PIXELS;
      for (let pixel = red; pixel < red + PIXELS; pixel++) {
        x[target++] = bytes[pixel];
        x[target++] = bytes[pixel + PIXELS];
        x[target++] = bytes[pixel + 2 * PIXELS];
      }
    }
  }
  return { x, y, count, shape: [32, 32, CHANNELS] };
}
