import * as tf from '@tensorflow/tfjs';
import { batchNormTraining, convolution, dense, type Fusion, relu } from '../engine/ops';
import type { Random } from '../random';
import { rowSize } from '../types';

/** One pass through a network: while training, dropout draws from `random` and batch norm keeps statistics. */
export type Pass = { readonly training: false } | { readonly training: true; readonly random: Random };

/** How weights start: uniform ±1/√fan-in (PyTorch's default) or normal with a standard deviation. */
type Start = 'uniform' | { readonly deviation: number };

/** Builds layers, draws their weights in the order of building, and keeps them in that order. */
export class Layers {
  /** What gradient descent changes. */
  readonly trainable: tf.Variable[] = [];
  /** Running means and variances of batch norm, in pairs. */
  readonly statistics: tf.Variable[] = [];

  constructor(private readonly random: Random) {}

  /** Fully connected: [batch, inputs] → [batch, outputs]. */
  dense(inputs: number, outputs: number, fusion: Fusion, start: Start = 'uniform') {
    const weight = this.weight<tf.Tensor2D>([inputs, outputs], inputs, start);
    const bias = this.bias(outputs, inputs, start);
    return (x: tf.Tensor2D) => dense(x, weight, bias, fusion);
  }

  /** 3×3 convolution with bias that keeps height and width. */
  convolution(inputs: number, outputs: number, fusion: Fusion, start: Start = 'uniform') {
    const filter = this.weight<tf.Tensor4D>([3, 3, inputs, outputs], 9 * inputs, start);
    const bias = this.bias(outputs, 9 * inputs, start);
    return (x: tf.Tensor4D) => convolution(x, filter, bias, fusion);
  }

  /**
   * Convolution without bias, for batch norm to follow, of odd `size`, zero-padded by half of it as in PyTorch
   * (TensorFlow's `same` would pad a stride of 2 on the other side).
   */
  plainConvolution(inputs: number, outputs: number, size: number, stride: number) {
    const filter = this.weight<tf.Tensor4D>([size, size, inputs, outputs], size * size * inputs, 'uniform');
    const pad = (size - 1) / 2;
    return (x: tf.Tensor4D) => {
      if (stride === 1) return tf.conv2d(x, filter, 1, 'same');
      const border: [number, number] = [pad, pad];
      const padded = pad === 0 ? x : (tf.pad(x, [[0, 0], border, border, [0, 0]]) as tf.Tensor4D);
      return tf.conv2d(padded, filter, stride, 'valid');
    };
  }

  /** Batch normalization with PyTorch's constants: epsilon 1e-5, momentum 0.1, unbiased running variance. */
  batchNorm(channels: number) {
    const scale: tf.Tensor1D = keep(this.trainable, tf.ones([channels]));
    const offset: tf.Tensor1D = keep(this.trainable, tf.zeros([channels]));
    const mean = keep<tf.Rank.R1>(this.statistics, tf.zeros([channels]));
    const variance = keep<tf.Rank.R1>(this.statistics, tf.ones([channels]));
    return (x: tf.Tensor4D, { training }: Pass): tf.Tensor4D => {
      if (!training) return tf.batchNorm4d(x, mean, variance, offset, scale, 1e-5);
      const count = x.size / channels;
      return batchNormTraining(x, scale, offset, 1e-5, (batchMean, batchVariance) => {
        mean.assign(tf.add(tf.mul(mean, 0.9), tf.mul(batchMean, 0.1)) as tf.Tensor1D);
        const unbiased = tf.mul(batchVariance, (0.1 * count) / (count - 1));
        variance.assign(tf.add(tf.mul(variance, 0.9), unbiased) as tf.Tensor1D);
      });
    };
  }

  private weight<T extends tf.Tensor>(shape: number[], fanIn: number, start: Start): T {
    const values = new Float32Array(rowSize(shape));
    const bound = 1 / Math.sqrt(fanIn);
    for (let i = 0; i < values.length; i++) {
      values[i] =
        start === 'uniform' ? (2 * this.random.next() - 1) * bound : this.random.normal() * start.deviation;
    }
    return keep(this.trainable, tf.tensor(values, shape)) as tf.Tensor as T;
  }

  private bias(outputs: number, fanIn: number, start: Start): tf.Tensor1D {
    return start === 'uniform'
      ? this.weight([outputs], fanIn, start)
      : keep(this.trainable, tf.zeros([outputs]));
  }
}

/** A variable of this initial value, added to `variables`. */
function keep<R extends tf.Rank>(variables: tf.Variable[], initial: tf.Tensor<R>): tf.Variable<R> {
  const variable = tf.variable(initial);
  initial.dispose();
  variables.push(variable as tf.Variable);
  return variable;
}

/** Dropout of half the values, the others doubled; masks come from the pass's own generator. */
export function dropoutHalf<T extends tf.Tensor>(x: T, pass: Pass): T {
  if (!pass.training) return x;
  const mask = new Float32Array(x.size);
  for (let i = 0; i < mask.length; ) {
    // one draw decides for 32 values
    for (let bits = pass.random.uint32(), k = 0; k < 32 && i < mask.length; k++, bits >>>= 1) {
      mask[i++] = (bits & 1) * 2;
    }
  }
  return tf.mul(x, tf.tensor(mask, x.shape));
}

export const maxPool = (x: tf.Tensor4D): tf.Tensor4D => tf.maxPool(x, 2, 2, 'valid');

/** Two 3×3 convolutions with a shortcut around them (He et al. 2015), halving the image at stride 2. */
export function residualBlock(layers: Layers, inputs: number, outputs: number, stride: number) {
  const first = layers.plainConvolution(inputs, outputs, 3, stride);
  const firstNorm = layers.batchNorm(outputs);
  const second = layers.plainConvolution(outputs, outputs, 3, 1);
  const secondNorm = layers.batchNorm(outputs);
  const projects = stride !== 1 || inputs !== outputs;
  const project = projects ? layers.plainConvolution(inputs, outputs, 1, stride) : undefined;
  const projectNorm = projects ? layers.batchNorm(outputs) : undefined;
  return (x: tf.Tensor4D, pass: Pass): tf.Tensor4D => {
    const main = secondNorm(second(relu(firstNorm(first(x), pass))), pass);
    const shortcut = project && projectNorm ? projectNorm(project(x), pass) : x;
    return relu(tf.add(main, shortcut) as tf.Tensor4D);
  };
}
