import '../../src/engine/node';
import type { Run } from '../../src/reproduce/run';
import { performRun } from '../../src/reproduce/run-one';

/** A run of three trainings: the model's own and two shadow models'. */
export const run: Run = {
  dataset: 'fashion-mnist',
  split: 0,
  rows: 600,
  model: 'mlp',
  width: 16,
  epochs: 6,
  batchSize: 2,
  learningRate: 0.01,
  schedule: [],
  owners: 1,
  outsiders: 0,
  mark: { count: 5 },
  order: 'random',
  trigger: { family: 'square', pattern: 'white', size: 3, row: 25, column: 25, opacity: 1 },
  target: 1,
  queries: [10],
  shadows: 2,
  seed: 0,
};

/** Run as a program: ends by SIGKILL in the second training. */
if (require.main === module) {
  const onProgress = ({ done }: { done: number }) => {
    if (done > 0.5) process.kill(process.pid, 'SIGKILL');
  };
  performRun(run, onProgress, { folder: process.argv[2] });
}
