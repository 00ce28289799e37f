import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { useEngine } from '../../../src/engine/node';
import { batchNormTraining, relu, softmaxCrossEntropy } from '../../../src/engine/ops';
import { sgdUpdate } from '../../../src/engine/sgd';
import { Random } from '../../../src/random';
import { buildModel } from '../../../src/train/model';
import { train } from '../../../src/train/train';

type Shape4D = [number, number, number, number];

before(async () => {
  await useEngine('wasm');
  await useEngine('wasm'); // registering the kernels twice would replace them by themselves
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

/** Checks a property on the examples and on 60 random cases, always the same ones. */
const check = <T>(cases: fc.Arbitrary<T>, property: (given: T) => Promise<void>, examples: T[] = []) =>
  fc.assert(fc.asyncProperty(cases, property), {
    seed: 1,
    numRuns: 60 + examples.length,
    examples: examples.map(example => [example]),
  });

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
  const small = { seed: 1, batch: 1, transposeA: false, transposeB: false, activation: 'linear' };
  await check(
    cases,
    ({ seed, rows, columns, depth, batch, transposeA, transposeB, activation }) =>
      agree(
        {
          a: transposeA ? normal(seed, batch, depth, rows) : normal(seed, batch, rows, depth),
          b: transposeB ? normal(seed + 1, batch, columns, depth) : normal(seed + 1, batch, depth, columns),
          bias: normal(seed + 2, columns),
        },
        ({ a, b, bias }) => [
          ...kernel('BatchMatMul', { a, b }, { transposeA, transposeB }),
          ...kernel(
            '_FusedMatMul',
            { a, b, bias },
            { transposeA, transposeB, activation, leakyreluAlpha: 0 },
          ),
        ],
      ),
    [{ ...small, rows: 1500, columns: 17, depth: 64 }], // two blocks of rows
  );
});

type Pad = 'same' | 'valid' | [[0, 0], [number, number], [number, number], [0, 0]];

interface Convolution {
  seed: number;
  batch: number;
  height: number;
  width: number;
  inputs: number;
  outputs: number;
  filter: number;
  stride: number;
  pad: Pad;
}

const convolutions: fc.Arbitrary<Convolution> = fc.record({
  seed,
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 7, max: 12 }),
  width: fc.integer({ min: 7, max: 12 }),
  inputs: fc.integer({ min: 1, max: 9 }),
  outputs: fc.integer({ min: 1, max: 17 }),
  filter: fc.constantFrom(...[1, 2, 3, 5, 7]),
  stride: fc.integer({ min: 1, max: 3 }),
  pad: fc.constantFrom<Pad[]>('same', 'valid'),
});

test('convolutions forward and backward', () => {
  const pixels = { seed: 1, batch: 2, height: 3, width: 3, inputs: 5, outputs: 3, filter: 1 };
  const margin = (rows: number, columns: number): Pad => [
    [0, 0],
    [rows, rows],
    [columns, columns],
    [0, 0],
  ];
  const examples: Convolution[] = [
    // two blocks of patches
    {
      seed: 1,
      batch: 2,
      height: 16,
      width: 16,
      inputs: 32,
      outputs: 5,
      filter: 3,
      stride: 1,
      pad: 'same',
    },
    // pixels are the patches, but not all of them, or not in their place
    { ...pixels, stride: 1, pad: margin(1, 0) },
    { ...pixels, stride: 2, pad: margin(1, 1) },
  ];
  const property = ({ seed, batch, height, width, inputs, outputs, filter, stride, pad }: Convolution) => {
    const attrs = { strides: [stride, stride], pad, dataFormat: 'NHWC', dilations: [1, 1] };
    const inShape = [batch, height, width, inputs];
    const filterShape = [filter, filter, inputs, outputs];
    const { outShape } = tf.backend_util.computeConv2DInfo(
      inShape as Shape4D,
      filterShape as Shape4D,
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
  };
  return check(convolutions, property, examples);
});

test('gradients of pooling', () =>
  check(convolutions, ({ seed, batch, height, width, inputs, filter, stride, pad }) => {
    const attrs = { filterSize: [filter, filter], strides: [stride, stride], pad };
    const shape: Shape4D = [batch, height, width, inputs];
    const { outShape } = tf.backend_util.computePool2DInfo(shape, filter, stride, 1, pad);
    const input = normal(seed, ...shape);
    input.values.forEach((value, i) => {
      input.values[i] = Math.round(value); // equal values in a window: the first gets the gradient
    });
    return agree({ input, dy: normal(seed + 1, ...outShape) }, ({ input, dy }) => [
      ...kernel(
        'MaxPoolGrad',
        { dy, input, output: tf.maxPool(input as tf.Tensor4D, filter, stride, pad) },
        attrs,
      ),
      // padded, the gradient of the plain JavaScript backend is not that of its own forward pass: see below
      ...(pad === 'valid' ? kernel('AvgPoolGrad', { dy, input }, attrs) : []),
    ]);
  }));

test('the gradient of a padded average is the adjoint of its forward pass', async () => {
  await tf.setBackend('wasm');
  const [x, dy] = [normal(1, 2, 7, 6, 5), normal(2, 2, 4, 3, 5)].map(({ shape, values }) =>
    tf.tensor(values, shape),
  );
  const forward = tf.avgPool(x as tf.Tensor4D, 3, 2, 'same');
  const attrs = { filterSize: [3, 3], strides: [2, 2], pad: 'same' };
  const [dx] = kernel('AvgPoolGrad', { dy, input: x }, attrs);
  const inner = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b)).dataSync()[0];
  assert.ok(Math.abs(inner(forward, dy) - inner(x, dx)) < 1e-4);
});

test('sums over any axes', () =>
  check(
    fc.record({
      seed,
      shape: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      keepDims: fc.boolean(),
      chosen: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      leading: fc.boolean(),
    }),
    ({ seed, shape, keepDims, chosen, leading }) => {
      const axis = shape.map((_, i) => i).filter(i => (leading ? i < shape.length - 1 : chosen[i]));
      return agree({ x: normal(seed, ...shape) }, ({ x }) => [tf.sum(x, axis, keepDims)]);
    },
  ));

test('long columns are summed without piling up rounding errors', async () => {
  await tf.setBackend('wasm');
  const sum = tf.sum(tf.fill([300_000, 2], 0.1), [0]).dataSync()[0];
  assert.ok(Math.abs(sum - 30_000) < 3, `${sum}`); // one running float32 sum is off by 80
});

// of two rows a variance may be almost nothing, and any float32 gradient of it noise
const matrix = fc.record({
  seed,
  rows: fc.integer({ min: 8, max: 150 }),
  columns: fc.integer({ min: 2, max: 19 }),
});

test('ReLU, softmax cross-entropy and batch norm, forward and backward', () => {
  const property = ({ seed, rows, columns }: { seed: number; rows: number; columns: number }) => {
    const random = new Random(seed);
    const labels = {
      shape: [rows],
      values: Int32Array.from({ length: rows }, () => random.integer(columns)),
    };
    const x = normal(seed, rows, columns);
    x.values.forEach((value, i) => {
      x.values[i] = 3 + 2 * value; // a mean far from 0 shows cancellation in the variance
    });
    const inputs = {
      x,
      labels,
      dy: normal(seed + 1, rows, columns),
      scale: normal(seed + 2, columns),
      offset: normal(seed + 3, columns),
    };
    return agree(inputs, ({ x, labels, dy, scale, offset }) => {
      const mean = (t: tf.Tensor) => tf.mean(t);
      const lossGradient = tf.grad(x => mean(softmaxCrossEntropy(x as tf.Tensor2D, labels as tf.Tensor1D)))(
        x,
      );
      const image = tf.reshape(x, [rows, 1, 1, columns]);
      const statistics: tf.Tensor[] = [];
      const norm = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) =>
        batchNormTraining(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D, 1e-5, (...found) => {
          statistics.push(...found.map(tensor => tf.keep(tensor.clone())));
        });
      return [
        softmaxCrossEntropy(x as tf.Tensor2D, labels as tf.Tensor1D),
        lossGradient,
        norm(image, scale, offset),
        ...tf.grads(norm)([image, scale, offset], tf.reshape(dy, image.shape)),
        ...statistics,
        tf.grad(x => relu(x))(dy, x),
      ];
    });
  };
  return check(matrix, property, [{ seed: 1, rows: 700, columns: 7 }]); // three blocks of rows
});

test('gradient descent with momentum and weight decay', () =>
  check(matrix, ({ seed, rows, columns }) => {
    const inputs = Object.fromEntries(
      ['weight', 'velocity', 'gradient'].map((name, i) => [name, normal(seed + i, rows, columns)]),
    );
    return agree(inputs, ({ weight, velocity, gradient }) => {
      const [variable, moving] = [weight, velocity].map(tensor => tf.variable(tensor));
      sgdUpdate(variable, moving, gradient, { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 });
      const after = [variable, moving].map(tensor => tensor.clone());
      variable.dispose();
      moving.dispose();
      return after;
    });
  }));

test('inputs that another backend holds are fetched, though that moves the memory', async () => {
  const columns = 4_000_000; // 16 MB a tensor, more than is free
  await tf.setBackend('cpu');
  const [x, scale, offset] = [tf.ones([2, 1, 1, columns]), tf.ones([columns]), tf.fill([columns], 3)];
  await tf.setBackend('wasm');
  const [y] = kernel('BatchNormTraining', { x, scale, offset }, { epsilon: 1 });
  assert.equal(tf.min(y).dataSync()[0], 3);
  assert.equal(tf.max(y).dataSync()[0], 3);
  tf.dispose([x, scale, offset, y]);
});

test('a thousand steps of training take no more memory than ten', async () => {
  const model = buildModel('cnn', { shape: [8, 8, 1], classes: 3, width: 4, seed: 1 });
  const random = new Random(1);
  const samples = (count: number) => ({
    x: Uint8Array.from({ length: count * 64 }, () => random.integer(256)),
    y: Uint8Array.from({ length: count }, () => random.integer(3)),
    count,
    shape: [8, 8, 1],
  });
  await useEngine('wasm');
  const state = () => {
    const { numTensors, numBytes } = tf.memory();
    const heap = (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.byteLength;
    return { numTensors, numBytes, heap };
  };
  await train(model, samples(40), { epochs: 1, batchSize: 4, learningRate: 0.01, seed: 1 });
  const before = state();
  await train(model, samples(4000), { epochs: 1, batchSize: 4, learningRate: 0.01, seed: 1 });
  assert.deepEqual(state(), before);
});

test('a dilated convolution is left to the kernel that it was', () =>
  agree({ x: normal(1, 1, 9, 9, 2), filter: normal(2, 3, 3, 2, 3) }, ({ x, filter }) => [
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
  ]));
