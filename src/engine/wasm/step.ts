import { type TensorInfo, util } from '@tensorflow/tfjs';
import type { Kernel } from './kernel';

const sizeOf = ({ shape }: TensorInfo) => util.sizeFromShape(shape);

/**
 * The same values under another name. Upstream copies them, also where a layer merely saves its input for the
 * backward pass, and fails when the tensor has to come from another backend and the memory moves.
 */
const identity: Kernel = ({ inputs, backend }) => {
  const { dataId, shape, dtype } = inputs.x as TensorInfo;
  backend.incRef(dataId);
  return { dataId, shape, dtype };
};

/** dx of ReLU from its output. Upstream: a mask by `Step`, then a product. */
const reluGrad: Kernel = ({ inputs, backend, module }) => {
  const { dy, y } = inputs as Record<'dy' | 'y', TensorInfo>;
  const dx = backend.makeOutput(dy.shape, 'float32');
  module.run.reluGradient(module.address(dy), module.address(y), module.address(dx), sizeOf(dy));
  return dx;
};

/** One step of gradient descent with momentum and weight decay. Upstream: six operations, each over all weights. */
const sgdUpdate: Kernel = ({ inputs, attrs, backend, module }) => {
  const { variable, velocity, gradient } = inputs as Record<string, TensorInfo>;
  const { learningRate, momentum, weightDecay } = attrs as Record<string, number>;
  const next = [0, 1].map(() => backend.makeOutput(variable.shape, 'float32'));
  const addresses = [variable, velocity, gradient, ...next].map(tensor => module.address(tensor));
  module.run.sgdUpdate(...addresses, sizeOf(variable), learningRate, momentum, weightDecay);
  return next;
};

/** Sum over all axes but the last, as bias gradients need it. Upstream transposes the whole tensor before it sums. */
const sum: Kernel = ({ inputs, attrs, backend, module, upstream }) => {
  const { x } = inputs as Record<'x', TensorInfo>;
  const axes = util.parseAxisParam(attrs.axis as number | number[], x.shape);
  const columns = x.shape[x.shape.length - 1];
  const ours =
    x.dtype === 'float32' && `${[...axes].sort()}` === `${x.shape.slice(1).map((_, axis) => axis)}`;
  if (!ours || axes.length === 0) return upstream();
  const shape = attrs.keepDims ? [...axes.map(() => 1), columns] : [columns];
  const sums = backend.makeOutput(shape, 'float32');
  const work = module.work(4 * columns);
  module.run.columnSums(module.address(x), module.address(sums), work, sizeOf(x) / columns, columns);
  return sums;
};

/** Cross-entropy of softmax against labels, with its gradient. Upstream: about ten operations. */
const softmaxCrossEntropy: Kernel = ({ inputs, backend, module }) => {
  const { features, labels } = inputs as Record<'features' | 'labels', TensorInfo>;
  const [rows, classes] = features.shape;
  const loss = backend.makeOutput([rows], 'float32');
  const backprop = backend.makeOutput(features.shape, 'float32');
  const [logits, losses, gradient] = module.floats(features, loss, backprop, labels); // labels: to fetch them
  const expected = backend.typedArrayFromHeap(labels);
  for (let row = 0; row < rows; row++) {
    const from = row * classes;
    const end = from + classes;
    let largest = -Infinity;
    for (let i = from; i < end; i++) largest = Math.max(largest, logits[i]);
    let total = 0;
    for (let i = from; i < end; i++) {
      const exponential = Math.exp(logits[i] - largest);
      gradient[i] = exponential;
      total += exponential;
    }
    for (let i = from; i < end; i++) gradient[i] /= total;
    const right = from + expected[row];
    losses[row] = Math.log(total) - (logits[right] - largest);
    gradient[right] -= 1;
  }
  return [loss, backprop];
};

/** Batch normalization by the batch's own statistics. Upstream: three passes for the mean alone, by transposing. */
const batchNormTraining: Kernel = ({ inputs, attrs, backend, module }) => {
  const { x, scale, offset } = inputs as Record<'x' | 'scale' | 'offset', TensorInfo>;
  const { epsilon } = attrs as { epsilon: number };
  const columns = sizeOf(scale);
  const rows = sizeOf(x) / columns;
  const [y, mean, variance] = [x, scale, scale].map(({ shape }) => backend.makeOutput(shape, 'float32'));
  const work = module.work(12 * columns);
  const [image, means, variances] = [x, mean, variance].map(tensor => module.address(tensor));
  const [scales, offsets, centre, spread] = module.floats(scale, offset, mean, variance);
  module.run.columnSums(image, means, work, rows, columns);
  for (let c = 0; c < columns; c++) centre[c] /= rows;
  module.run.columnProducts(image, means, image, means, variances, work, rows, columns);
  for (let c = 0; c < columns; c++) spread[c] /= rows;
  const factor = Array.from(spread, (value, c) => scales[c] / Math.sqrt(value + epsilon));
  const [p, s] = [work, work + 4 * columns];
  module.writeFloats(p, factor);
  module.writeFloats(
    s,
    factor.map((value, c) => offsets[c] - centre[c] * value),
  );
  module.run.columnAffine(module.address(y), image, p, 0, 0, s, rows, columns);
  return [y, mean, variance];
};

/** The gradients of that (Ioffe & Szegedy 2015): two passes where the composed one takes about ten. */
const batchNormTrainingGrad: Kernel = ({ inputs, attrs, backend, module }) => {
  const { dy, x, scale, mean, variance } = inputs as Record<string, TensorInfo>;
  const { epsilon } = attrs as { epsilon: number };
  const columns = sizeOf(scale);
  const rows = sizeOf(x) / columns;
  const [dx, dScale, dOffset] = [x, scale, scale].map(({ shape }) => backend.makeOutput(shape, 'float32'));
  const work = module.work(16 * columns);
  const [gradient, image, means] = [dy, x, mean].map(tensor => module.address(tensor));
  const [p, q, s] = [work + 4 * columns, work + 8 * columns, work + 12 * columns];
  const [scales, centre, spread, dScales, dOffsets] = module.floats(scale, mean, variance, dScale, dOffset);
  module.run.columnSums(gradient, module.address(dOffset), work, rows, columns);
  module.writeFloats(p, new Float32Array(columns));
  module.run.columnProducts(gradient, p, image, means, module.address(dScale), work, rows, columns);
  const inverse = Array.from(spread, value => 1 / Math.sqrt(value + epsilon));
  for (let c = 0; c < columns; c++) dScales[c] *= inverse[c];
  // dx = scale·inverse · (dy − dOffset/n − normalized · dScale/n), normalized = (x − mean)·inverse
  const outer = inverse.map((value, c) => scales[c] * value);
  const inner = inverse.map((value, c) => (-outer[c] * value * dScales[c]) / rows);
  module.writeFloats(p, outer);
  module.writeFloats(q, inner);
  module.writeFloats(
    s,
    outer.map((value, c) => (-value * dOffsets[c]) / rows - inner[c] * centre[c]),
  );
  module.run.columnAffine(module.address(dx), gradient, p, image, q, s, rows, columns);
  return [dx, dScale, dOffset];
};

export const stepKernels: Readonly<Record<string, Kernel>> = {
  Identity: identity,
  ReluGrad: reluGrad,
  SgdUpdate: sgdUpdate,
  Sum: sum,
  SparseSoftmaxCrossEntropyWithLogits: softmaxCrossEntropy,
  BatchNormTraining: batchNormTraining,
  BatchNormTrainingGrad: batchNormTrainingGrad,
};
