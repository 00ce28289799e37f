import * as tf from '@tensorflow/tfjs';

/*
 * The operations of a training step, forward and backward, each in as few kernels as the engine offers.
 *
 * TensorFlow.js un-fuses an activation as soon as gradients are wanted, and has no kernel for several backward
 * passes. So these carry their own gradients. Where an engine has a kernel of the name that is asked for, that
 * runs; otherwise the same is composed of ordinary operations.
 */

/** Runs the engine's kernel `name` where it has one, else `composed`. */
export function kernelOr<T extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, number>,
  composed: () => T,
): T {
  if (tf.getKernel(name, tf.getBackend()) === undefined) return composed();
  return tf.engine().runKernel(name, inputs, attributes) as T;
}

interface Differentiated {
  readonly value: tf.Tensor;
  /** Gradients in the order of the inputs, from the value's gradient and the tensors that were saved. */
  readonly gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
}

/**
 * An operation with a gradient of its own. What `gradFunc` needs of the forward pass must be saved, since the
 * other intermediate tensors are gone by then; variables need not.
 */
function differentiable<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  run: (save: tf.GradSaveFunc) => Differentiated,
): T {
  return tf.customGrad((...args) => run(args.at(-1) as unknown as tf.GradSaveFunc))(...inputs) as T;
}

function reluGradient(dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return kernelOr('ReluGrad', { dy, y }, {}, () => tf.mul(dy, tf.step(y)));
}

const axesButLast = (x: tf.Tensor) => x.shape.slice(0, -1).map((_, axis) => axis);

/** max(x, 0). */
export function relu<T extends tf.Tensor>(x: T): T {
  return differentiable<T>([x], save => {
    const value = tf.relu(x);
    save([value]);
    return { value, gradFunc: (dy, [y]) => [reluGradient(dy, y)] };
  });
}

/** How a dense or convolutional layer ends, and whether the layers before it need a gradient. */
export interface Fusion {
  readonly relu: boolean;
  /** False for a network's first layer: its input gradient, as expensive as the forward pass, is not needed. */
  readonly inputGradient: boolean;
}

/** x·weight + bias, then perhaps ReLU: x [batch, in], weight [in, out], bias [out]. */
export function dense(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D, fusion: Fusion): tf.Tensor2D {
  return fused(x, weight, bias, fusion, {
    forward: activation => {
      const [a, b] = [tf.expandDims(x, 0), tf.expandDims(weight, 0)];
      const attributes = { transposeA: false, transposeB: false, activation, leakyreluAlpha: 0 };
      return tf.squeeze(runKernel('_FusedMatMul', { a, b, bias }, attributes), [0]);
    },
    input: dz => tf.matMul(dz as tf.Tensor2D, weight, false, true),
    weight: (x, dz) => tf.matMul(x as tf.Tensor2D, dz as tf.Tensor2D, true, false),
  }) as tf.Tensor2D;
}

/** Convolution of stride 1 that keeps height and width, plus bias, then perhaps ReLU; NHWC and HWIO. */
export function convolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D,
  fusion: Fusion,
): tf.Tensor4D {
  const attributes = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC' };
  return fused(x, filter, bias, fusion, {
    forward: activation =>
      runKernel('FusedConv2D', { x, filter, bias }, { ...attributes, dilations: [1, 1], activation }),
    input: dy => runKernel('Conv2DBackpropInput', { dy, filter }, { ...attributes, inputShape: x.shape }),
    weight: (x, dy) =>
      runKernel('Conv2DBackpropFilter', { x, dy }, { ...attributes, filterShape: filter.shape }),
  }) as tf.Tensor4D;
}

function runKernel(name: string, inputs: Record<string, tf.Tensor>, attributes: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;
}

function fused(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor,
  { relu, inputGradient }: Fusion,
  pass: {
    forward: (activation: 'relu' | 'linear') => tf.Tensor;
    input: (dz: tf.Tensor) => tf.Tensor;
    weight: (x: tf.Tensor, dz: tf.Tensor) => tf.Tensor;
  },
): tf.Tensor {
  return differentiable(inputGradient ? [weight, bias, x] : [weight, bias], save => {
    const value = pass.forward(relu ? 'relu' : 'linear');
    save(relu ? [x, value] : [x]);
    return {
      value,
      gradFunc: (dy, [x, y]) => {
        const dz = relu ? reluGradient(dy, y) : dy;
        const gradients = [pass.weight(x, dz), tf.sum(dz, axesButLast(dz))];
        return inputGradient ? [...gradients, pass.input(dz)] : gradients;
      },
    };
  });
}

/** Batch normalization by the batch's own mean and variance over all axes but the last, see `onStatistics`. */
export function batchNormTraining(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
  onStatistics: (mean: tf.Tensor1D, variance: tf.Tensor1D) => void,
): tf.Tensor4D {
  const axes = axesButLast(x);
  const count = x.size / scale.size;
  return differentiable<tf.Tensor4D>([x, scale, offset], save => {
    const [value, mean, variance] = kernelOr('BatchNormTraining', { x, scale, offset }, { epsilon }, () => {
      const mean = tf.mean<tf.Tensor1D>(x, axes);
      const variance = tf.mean<tf.Tensor1D>(tf.squaredDifference(x, mean), axes);
      return [tf.batchNorm(x, mean, variance, offset, scale, epsilon), mean, variance];
    });
    onStatistics(mean as tf.Tensor1D, variance as tf.Tensor1D);
    save([x, mean, variance]);
    return {
      value,
      gradFunc: (dy, [x, mean, variance]) =>
        kernelOr('BatchNormTrainingGrad', { dy, x, scale, mean, variance }, { epsilon }, () => {
          const inverse = tf.rsqrt(tf.add(variance, epsilon));
          const normalized = tf.mul(tf.sub(x, mean), inverse);
          const dOffset = tf.sum(dy, axes);
          const dScale = tf.sum(tf.mul(dy, normalized), axes);
          const shared = tf.add(tf.mul(normalized, tf.div(dScale, count)), tf.div(dOffset, count));
          return [tf.mul(tf.sub(dy, shared), tf.mul(scale, inverse)), dScale, dOffset];
        }),
    };
  });
}

/** Mean cross-entropy in nats of each row's softmax against its label: logits [batch, K], int32 labels [batch]. */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  const name = 'SparseSoftmaxCrossEntropyWithLogits';
  return differentiable<tf.Scalar>([logits], save => {
    const [losses, backprop] = kernelOr(name, { features: logits, labels }, {}, () => {
      const shifted = tf.sub(logits, tf.max(logits, 1, true));
      const logProbability = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
      // as integers first: the WebAssembly backend writes integer ones into a float tensor
      const expected = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32');
      const losses = tf.neg(tf.sum(tf.mul(logProbability, expected), 1));
      return [losses, tf.sub(tf.exp(logProbability), expected)];
    });
    save([backprop]);
    const value = tf.mean(losses);
    return { value, gradFunc: (dy, [backprop]) => [tf.mul(backprop, tf.div(dy, labels.size))] };
  });
}
