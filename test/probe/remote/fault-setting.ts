import type { Trigger } from '../../../src/mark/trigger';
import type { BlackBox, Samples } from '../../../src/types';

const trigger: Trigger = { family: 'square', shape: [4, 4, 1], positions: [15], values: [255], opacity: 1 };

/** What the fault test asks, on both sides of the process boundary. */
export const faultOptions = { trigger, target: 1, queries: 400, seed: 11, batchSize: 3, concurrency: 2 };

export const faultSamples: Samples = {
  x: Uint8Array.from({ length: 1000 * 16 }, (_, i) => ((i >> 4) * (1 + (i % 16)) * 2654435761) >>> 24),
  y: new Uint8Array(1000),
  count: 1000,
  shape: [4, 4, 1],
};

/** An answer that depends on all bytes, so that a mixed-up answer is a wrong one. */
export const faultModel: BlackBox = {
  classes: 5,
  predict: async ({ x, count }) =>
    Int32Array.from(
      { length: count },
      (_, row) => x.subarray(row * 16, row * 16 + 16).reduce((sum, byte) => (sum * 31 + byte) % 1009, 0) % 5,
    ),
};
