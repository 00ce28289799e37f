import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useEngine } from '../../src/engine/node';
import { Random } from '../../src/random';
import { buildModel, type ModelName } from '../../src/train/model';
import { predictLogits } from '../../src/train/predict';
import { train } from '../../src/train/train';
import { rowSize, type Samples } from '../../src/types';
import golden from './golden-torch.json';

/** One with kernels of our own, one where everything is composed of ordinary operations. */
const ENGINES = ['wasm', 'cpu'] as const;

/** The samples that make_golden_torch.py draws. */
function samples(seed: number, count: number, shape: number[], classes: number): Samples {
  const random = new Random(seed);
  const size = rowSize(shape);
  const largest = shape.length === 3 ? 256 : 2;
  const x = Uint8Array.from({ length: count * size }, () => Math.floor(random.next() * largest));
  const y = Uint8Array.from({ length: count }, () => Math.floor(random.next() * classes));
  return { x, y, count, shape };
}

function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
) {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    assert.ok(error <= tolerance, `${what} ${i}: ${actual[i]}, PyTorch has ${expected[i]}`);
  }
}

for (const [name, parameters] of Object.entries(golden.parameters)) {
  test(`${name} has as many parameters as in PyTorch`, () => {
    const shape = { mlp: [446], cnn: [28, 28, 1] }[name] ?? [32, 32, 3];
    const model = buildModel(name as ModelName, { shape, classes: name === 'mlp' ? 30 : 10, seed: 1 });
    assert.equal(
      model.trainable.reduce((sum, { size }) => sum + size, 0),
      parameters,
    );
    model.dispose();
  });
}

for (const engine of ENGINES) {
  for (const { name, shape, width, logits } of golden.forward) {
    test(`${name} gives PyTorch's logits on ${engine}`, async () => {
      await useEngine(engine);
      const model = buildModel(name as ModelName, { shape, classes: 5, seed: 1, width });
      const random = new Random(2);
      const move = (weight: number) => weight + 0.2 * (random.next() - 0.5);
      model.setWeights((await model.getWeights()).map(array => array.map(move)));
      assertClose(await predictLogits(model, samples(3, 4, shape, 5)), logits, 1e-4, 'logit');
    });
  }

  for (const { name, shape, width, options, losses, moments, logits } of golden.training) {
    // order, flips, dropout, momentum, weight decay, schedule, unbiased running variance: all as in PyTorch
    test(`${name} trains as in PyTorch on ${engine}, momentum ${options.momentum}`, async () => {
      await useEngine(engine);
      const model = buildModel(name as ModelName, { shape, classes: 5, seed: 1, width });
      const data = samples(3, 22, shape, 5);
      const { epochs } = await train(model, data, options);
      assertClose(
        epochs.map(({ loss }) => loss),
        losses,
        1e-5,
        'loss of epoch',
      );
      (await model.getWeights()).forEach((array, i) => {
        const sum = array.reduce((sum, weight) => sum + weight, 0);
        const squares = array.reduce((sum, weight) => sum + weight * weight, 0);
        assertClose(
          [sum, squares],
          moments[i],
          1e-5 * Math.max(1, moments[i][1]),
          `moments of variable ${i},`,
        );
      });
      assertClose(await predictLogits(model, data), logits, 1e-4, 'logit');
    });
  }
}
