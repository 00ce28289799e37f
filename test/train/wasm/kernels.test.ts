import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import * as fc from 'fast-check';
import { Random } from '../../../src/random';
import { registerWasmKernels } from '../../../src/train/wasm';

before(async () => {
  await tf.setBackend('wasm');
  registerWasmKernels();
  registerWasmKernels(); // a second time does nothing
});

type Values = Record<string, { shape: number[]; values: Float32Array | Int32Array }>;

/** Fails unless both backends agree to float32 accuracy, relative to the largest value. */
async function agree(inputs: Values, compute: (tensors: Record<string, tf.Tensor>) => tf.Tensor[]) {
  const run = async (backend: string) => {
    await tf.setBackend(backend);
    return tf.tidy(() => {
      const tensors = Object.entries(inputs).map(([name, { shape, values }]) => [
        name,
        tf.tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32'),
      ]);
      return compute(Object.fromEntries(tensors)).map(out => ({
        shape: out.shape,
        values: [...out.dataSync()],
      }));
    });
  };
  const [expected, actual] = [await run('cpu'), await run('wasm')];
  expected.forEach(({ shape, values }, output) => {
    assert.deepEqual(actual[output].shape, shape);
    const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
    values.forEach((value, i) => {
      const difference = Math.abs(value - actual[output].values[i]);
      assert.ok(
        difference <= 1e-5 * scale,
        `output ${output}, value ${i}: ${actual[output].values[i]}, expected ${value}`,
      );
    });
  });
}

const normal = (seed: number, ...shape: number[]) => {
  const random = new Random(seed);
  return {
    shape,
    values: Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
  };
};

const kernel = (name: string, inputs: Record<string, tf.Tensor>, attrs: object) => {
  const out = tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap);
  return Array.isArray(out) ? out : [out as tf.Tensor];
};

/** Checks a property on 60 random cases, always the same ones. */
const check = <T>(cases: fc.Arbitrary<T>, property: (given: T) => Promise<void>) =>
  fc.assert(fc.asyncProperty(cases, property), { seed: 1, numRuns: 60 });

const seed = fc.integer({ min: 0, max: 1000 });
const size = fc.integer({ min: 1, max: 40 });

test('matrix products, transposed or not, with bias and ReLU', async () => {
  const cases = fc.record({
    seed,
    rows: size,
    columns: size,
    depth: size,
    batch: fc.integer({ min: 1, max: 3 }),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    activation: fc.constantFrom('linear', 'relu'),
  });
  await check(cases, ({ seed, rows, columns, depth, batch, transposeA, transposeB, activation }) =>
    agree(
      {
        a: transposeA ? normal(seed, batch, depth, rows) : normal(seed, batch, rows, depth),
        b: transposeB ? normal(seed + 1, batch, columns, depth) : normal(seed + 1, batch, depth, columns),
        bias: normal(seed + 2, columns),
      },
      ({ a, b, bias }) => [
        ...kernel('BatchMatMul', { a, b }, { transposeA, transposeB }),
        ...kernel('_FusedMatMul', { a, b, bias }, { transposeA, transposeB, activation, leakyreluAlpha: 0 }),
      ],
    ),
  );
});

const convolutions = fc.record({
  seed,
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 7, max: 12 }),
  width: fc.integer({ min: 7, max: 12 }),
  inputs: fc.integer({ min: 1, max: 9 }),
  outputs: fc.integer({ min: 1, max: 17 }),
  filter: fc.constantFrom(1, 2, 3, 5, 7),
  stride: fc.integer({ min: 1, max: 3 }),
  pad: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
});

test('convolutions forward and backward', () =>
  check(convolutions, ({ seed, batch, height, width, inputs, outputs, filter, stride, pad }) => {
    const attrs = { strides: [stride, stride], pad, dataFormat: 'NHWC', dilations: [1, 1] };
    const inShape = [batch, height, width, inputs];
    const filterShape = [filter, filter, inputs, outputs];
    const { outShape } = tf.backend_util.computeConv2DInfo(
      inShape as [number, number, number, number],
      filterShape as [number, number, number, number],
      stride,
      1,
      pad,
    );
    return agree(
      {
        x: normal(seed, ...inShape),
        filter: normal(seed + 1, ...filterShape),
        bias: normal(seed + 2, outputs),
        dy: normal(seed + 3, ...outShape),
      },
      ({ x, filter, bias, dy }) => [
        ...kernel('Conv2D', { x, filter }, attrs),
        ...kernel('FusedConv2D', { x, filter, bias }, { ...attrs, activation: 'relu' }),
        ...kernel('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: inShape }),
        ...kernel('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape }),
      ],
    );
  }));
