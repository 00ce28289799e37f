import {
  buildModel,
  type DatasetName,
  type Engine,
  loadDataset,
  localModel,
  type ModelName,
  probe,
  Random,
  type Samples,
  squareTrigger,
  stamp,
  type TrainOptions,
  train,
  trainMany,
  useEngine,
} from '../../src';
import { rowSize } from '../../src/types';

/** One measured thing: prepared once (which may fail where something is not reachable), then run several times. */
export interface Case {
  readonly name: string;
  /** What computes, for the cases that use an engine. */
  readonly engine: boolean;
  /** Readies everything, warmed up, and returns the work to be timed, which tells how many samples it handled. */
  prepare(): Promise<() => Promise<number>>;
}

const IMAGE = [28, 28, 1];
const COLOUR_IMAGE = [32, 32, 3];
const BITS = [446];

/** Random bytes: how long training takes does not depend on what it learns. */
function noise(count: number, shape: number[], classes: number, seed: number): Samples {
  const random = new Random(seed);
  const values = shape.length === 3 ? 256 : 2;
  const x = new Uint8Array(count * rowSize(shape));
  for (let i = 0; i < x.length; i++) x[i] = random.next() * values;
  return { x, y: Uint8Array.from({ length: count }, () => random.integer(classes)), count, shape };
}

/** Training at a constant rate; test/bench/peer_torch.py does the same in PyTorch. */
function training(
  name: string,
  model: ModelName,
  data: { count: number; shape: number[]; classes: number },
  options: Partial<TrainOptions> & { batchSize: number },
  validation: number[] = [],
): Case {
  return {
    name,
    engine: true,
    prepare: async () => {
      const { count, shape, classes } = data;
      const samples = noise(count, shape, classes, 1);
      const sets = validation.map((size, i) => [`set ${i}`, noise(size, shape, classes, 2 + i)]);
      const all = {
        epochs: 1,
        learningRate: 0.01,
        seed: 1,
        ...options,
        validation: Object.fromEntries(sets),
      };
      const network = buildModel(model, { shape, classes, seed: 1 });
      await train(network, noise(2 * options.batchSize, shape, classes, 1), { ...all, epochs: 1 });
      return async () => {
        await train(network, samples, all);
        return count * all.epochs;
      };
    },
  };
}

/** Two trainings side by side, each in a worker thread: what both cores give. */
const pair: Case = {
  name: 'mlp pair',
  engine: true,
  prepare: async () => {
    const samples = noise(4008, BITS, 30, 1);
    const job = (seed: number, epochs: number) => {
      const model = buildModel('mlp', { shape: BITS, classes: 30, seed });
      return { model, samples, epochs, learningRate: 0.01, seed };
    };
    await trainMany([job(1, 1), job(2, 1)], { workers: 2 });
    return async () => {
      await trainMany([job(1, 60), job(2, 60)], { workers: 2 });
      return 2 * 60 * samples.count;
    };
  },
};

const loading = (name: DatasetName, full = false): Case => ({
  name: `load ${name}${full ? ' full' : ''}`,
  engine: false,
  prepare: async () => {
    await loadDataset(name, { full }); // fills the cache
    return async () => {
      const { train, test } = await loadDataset(name, { full });
      return train.count + test.count;
    };
  },
});

const stamping: Case = {
  name: 'stamp',
  engine: false,
  prepare: async () => {
    const samples = noise(50_000, COLOUR_IMAGE, 10, 1);
    const trigger = squareTrigger({
      shape: COLOUR_IMAGE,
      size: 3,
      row: 29,
      column: 29,
      value: 255,
      opacity: 0.3,
    });
    return async () => stamp(samples, trigger).count;
  },
};

const probing: Case = {
  name: 'probe',
  engine: true,
  prepare: async () => {
    const samples = noise(10_000, IMAGE, 10, 1);
    const box = localModel(buildModel('cnn', { shape: IMAGE, classes: 10, seed: 1 }));
    const trigger = squareTrigger({ shape: IMAGE, size: 3, row: 24, column: 24, value: 255 });
    const options = { trigger, target: 1, seed: 1, anyLabel: true, control: false };
    await probe(box, samples, { ...options, queries: 100 });
    return async () => (await probe(box, samples, { ...options, queries: samples.count })).queries;
  },
};

export const CASES: readonly Case[] = [
  training('mlp', 'mlp', { count: 6400, shape: BITS, classes: 30 }, { batchSize: 64 }),
  pair,
  training('cnn', 'cnn', { count: 1920, shape: IMAGE, classes: 10 }, { batchSize: 64 }),
  training('resnet18', 'resnet18', { count: 256, shape: COLOUR_IMAGE, classes: 10 }, { batchSize: 128 }),
  // the authors' protocol: accuracy on the test samples and on those that carry the trigger, every epoch
  training(
    'location30',
    'mlp',
    { count: 4008, shape: BITS, classes: 30 },
    { batchSize: 64, epochs: 150, learningRate: 0.1, schedule: [50, 80] },
    [1002, 970],
  ),
  stamping,
  loading('fashion-mnist'),
  loading('fashion-mnist', true),
  loading('cifar10'),
  loading('location30'),
  loading('purchase100'),
  probing,
];

/** Names of engine and device, for cases without an engine those of the processor. */
export const computing = async (useOf: Case): Promise<Engine | { name: string; device: string }> =>
  useOf.engine ? useEngine() : { name: 'javascript', device: '1 thread' };
