/* Three steps of training of three small networks on the engine that MIB_ENGINE names; prints each step's loss. */
import '../../src/engine/node';
import { buildModel, type ModelName } from '../../src/train/model';
import { train } from '../../src/train/train';
import { learnable } from '../fixtures';

const NETWORKS: { name: ModelName; shape: number[]; width?: number }[] = [
  { name: 'mlp', shape: [40] },
  { name: 'cnn', shape: [12, 12, 1] },
  { name: 'resnet18', shape: [8, 8, 3], width: 4 },
];

async function main(): Promise<void> {
  const losses: Record<string, number[]> = {};
  for (const { name, shape, width } of NETWORKS) {
    const model = buildModel(name, { shape, classes: 4, width, seed: 1 });
    const batch = learnable(16, 1, { shape, largest: shape.length === 1 ? 1 : 255 });
    const { epochs } = await train(model, batch, { epochs: 3, batchSize: 16, learningRate: 0.05, seed: 1 });
    losses[name] = epochs.map(({ loss }) => loss);
  }
  console.log(JSON.stringify(losses));
}

main();
