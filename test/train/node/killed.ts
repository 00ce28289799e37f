import '../../../src/engine/node';
import { buildModel } from '../../../src/train/model';
import { checkpointIn } from '../../../src/train/node/checkpoint';
import type { TrainOptions } from '../../../src/train/options';
import { train } from '../../../src/train/train';
import { learnable } from '../../fixtures';

/** A training with everything that has a state: momentum, dropout, flips, a random order. */
export const samples = learnable(600, 1, { shape: [4, 6, 1], largest: 255 });
export const fresh = () => buildModel('mlp', { shape: samples.shape, classes: 4, seed: 3, width: 32 });
export const options: TrainOptions = {
  epochs: 6,
  batchSize: 2,
  learningRate: 0.01,
  seed: 8,
  flip: true,
  validation: { fresh: learnable(100, 2, { shape: [4, 6, 1], largest: 255 }) },
};

/** Run as a program: ends by SIGKILL, at the latest in the fourth epoch. */
if (require.main === module) {
  const onProgress = ({ done }: { done: number }) => {
    if (done > 2.2 * samples.count) process.kill(process.pid, 'SIGKILL');
  };
  train(fresh(), samples, { ...options, checkpoint: checkpointIn(process.argv[2]), onProgress });
}
