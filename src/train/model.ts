import * as tf from '@tensorflow/tfjs';
import { checksOf } from '../check';
import { relu } from '../engine/ops';
import { Random } from '../random';
import { rowSize } from '../types';
import { dropoutHalf, Layers, maxPool, type Pass, residualBlock } from './layers';

/** Everything about a model except its weights; plain JSON, enough to build it again. */
export interface ModelDescription {
  readonly name: string;
  /** Shape of one sample; three axes are an image, whose bytes are divided by 255. */
  readonly shape: readonly number[];
  readonly classes: number;
  /** Channels (or neurons) of the first layer, the others are in proportion. */
  readonly width?: number;
  /** The network as TensorFlow.js writes it, for {@link wrapModel}. */
  readonly topology?: object;
}

type Forward = (x: tf.Tensor, pass: Pass) => tf.Tensor2D;

/** A classifier: a network from a batch of samples to logits, and its weights. */
export class Model {
  readonly name: string;
  readonly shape: readonly number[];
  readonly classes: number;
  /** All variables: first what training changes by gradients, then batch norm's running statistics. */
  readonly weights: readonly tf.Variable[];

  constructor(
    readonly description: ModelDescription,
    /** What gradient descent changes. */
    readonly trainable: readonly tf.Variable[],
    statistics: readonly tf.Variable[],
    /** Logits [batch, classes] of scaled samples [batch, ...shape]. */
    readonly forward: Forward,
  ) {
    ({ name: this.name, shape: this.shape, classes: this.classes } = description);
    this.weights = [...trainable, ...statistics];
  }

  /** Copies of all weights, in the order of {@link weights}. */
  getWeights(): Promise<Float32Array[]> {
    return getVariables(this.weights);
  }

  /** @throws if number or length of the arrays differ from the model's */
  setWeights(values: readonly Float32Array[]): void {
    setVariables('setWeights', this.weights, values);
  }

  /** Frees the weights; the model cannot be used afterwards. */
  dispose(): void {
    tf.dispose([...this.weights]);
  }
}

export function getVariables(variables: readonly tf.Variable[]): Promise<Float32Array[]> {
  return Promise.all(variables.map(async variable => (await variable.data<'float32'>()).slice()));
}

export function setVariables(
  caller: string,
  variables: readonly tf.Variable[],
  values: readonly Float32Array[],
): void {
  const [expected, lengths] = [variables.map(v => v.size), values.map(v => v.length)];
  if (`${lengths}` !== `${expected}`) checksOf(caller).fail('lengths of the weights', lengths, `${expected}`);
  variables.forEach((variable, i) => {
    const value = tf.tensor(values[i].slice(), variable.shape);
    variable.assign(value);
    value.dispose();
  });
}

/** Models of the paper and two smaller ones: first layer's width and the network over that. */
const ARCHITECTURES = { mlp, cnn, resnet18: resnet(2, 2, 2, 2), resnet34: resnet(3, 4, 6, 3), vgg16 };
export type ModelName = keyof typeof ARCHITECTURES;

/** `shape` may also be that of `train`, so that a data set can be spread into the options. */
export type ModelOptions = {
  readonly classes: number;
  readonly seed: number;
  readonly width?: number;
} & ({ readonly shape: readonly number[] } | { readonly train: { readonly shape: readonly number[] } });

/**
 * Builds a classifier with fresh weights, the same for the same seed on every engine.
 *
 * - `mlp`: dense 256, 128, K with ReLU, dropout 0.5 before the last: the paper's for binary rows;
 * - `cnn`: two 3×3 convolutions (16, 32), each with 2×2 max-pooling, dense 64, K: for small images;
 * - `resnet18`, `resnet34` (He et al. 2015) and `vgg16` (Simonyan & Zisserman 2014, with batch norm) in the
 *   authors' CIFAR versions: 3×3 stem of 64 filters.
 *
 * Initial weights change the outcome, so they are PyTorch's: uniform ±1/√fan-in; for `vgg16`, as in the
 * authors' code, normal.
 *
 * @throws if the name is unknown or the shape does not suit it
 */
export function buildModel(name: ModelName, options: ModelOptions): Model {
  const check = checksOf('buildModel');
  const architecture = ARCHITECTURES[check.oneOf('name', name, Object.keys(ARCHITECTURES) as ModelName[])];
  const { classes, width } = options;
  const shape = [...check.shape('shape', 'shape' in options ? options.shape : options.train.shape)];
  check.integer('classes', classes, 2);
  if (width !== undefined && (!Number.isInteger(width) || width < 2 || width % 2 !== 0)) {
    check.fail('width', width, 'an even integer of at least 2');
  }
  const layers = new Layers(new Random(options.seed, 'weights'));
  const forward = architecture(layers, shape, classes, width);
  return new Model({ name, shape, classes, width }, layers.trainable, layers.statistics, forward);
}

/**
 * A model around a network built with TensorFlow.js's layers API, for `train`, `predictLabels`, `saveModel`, …
 *
 * The network takes one input and ends in logits: a last dense layer *without* softmax. Its own layers draw
 * their weights, and its dropout layers their masks, by generators that our seeds do not reach.
 */
export function wrapModel(network: tf.LayersModel, name = 'custom'): Model {
  const [input, output] = [network.inputs, network.outputs].map(ends => ends.map(end => end.shape));
  if (input.length !== 1 || output.length !== 1 || output[0].length !== 2) {
    const shapes = `${JSON.stringify(input)} to ${JSON.stringify(output)}`;
    throw new Error(`wrapModel: network maps ${shapes}, expected one input to one output [batch, classes]`);
  }
  const variables = (weights: { read(): tf.Tensor }[]) => weights.map(weight => weight.read() as tf.Variable);
  return new Model(
    {
      name,
      shape: input[0].slice(1) as number[],
      classes: output[0][1] as number,
      topology: network.toJSON(null, false) as object,
    },
    variables(network.trainableWeights),
    variables(network.nonTrainableWeights),
    (x, { training }) => network.apply(x, { training }) as tf.Tensor2D,
  );
}

/** A model of this description, its weights not set yet. */
export async function modelFrom(description: ModelDescription): Promise<Model> {
  const { name, topology } = description;
  if (topology === undefined) return buildModel(name as ModelName, { ...description, seed: 0 });
  const network = await tf.models.modelFromJSON({ modelTopology: topology } as tf.io.ModelJSON);
  return wrapModel(network, name);
}

function mlp(layers: Layers, shape: readonly number[], classes: number, width = 256): Forward {
  const inputs = rowSize(shape);
  const first = layers.dense(inputs, width, { relu: true, inputGradient: false });
  const second = layers.dense(width, width / 2, { relu: true, inputGradient: true });
  const last = layers.dense(width / 2, classes, { relu: false, inputGradient: true });
  return (x, pass) => last(dropoutHalf(second(first(tf.reshape(x, [-1, inputs]))), pass));
}

function cnn(layers: Layers, shape: readonly number[], classes: number, width = 16): Forward {
  const [height, columns, channels] = imageShape('cnn', shape, 4);
  const first = layers.convolution(channels, width, { relu: true, inputGradient: false });
  const second = layers.convolution(width, 2 * width, { relu: true, inputGradient: true });
  const features = Math.floor(height / 4) * Math.floor(columns / 4) * 2 * width;
  const third = layers.dense(features, 4 * width, { relu: true, inputGradient: true });
  const last = layers.dense(4 * width, classes, { relu: false, inputGradient: true });
  return x => {
    const pooled = maxPool(second(maxPool(first(x as tf.Tensor4D))));
    return last(third(tf.reshape(pooled, [-1, features])));
  };
}

function resnet(...stages: number[]) {
  return (layers: Layers, shape: readonly number[], classes: number, width = 64): Forward => {
    const [, , channels] = imageShape('resnet', shape, 8);
    const stem = layers.plainConvolution(channels, width, 3, 1);
    const stemNorm = layers.batchNorm(width);
    let inputs = width;
    const blocks = stages.flatMap((count, stage) =>
      Array.from({ length: count }, (_, i) => {
        const outputs = width * 2 ** stage;
        const block = residualBlock(layers, inputs, outputs, stage > 0 && i === 0 ? 2 : 1);
        inputs = outputs;
        return block;
      }),
    );
    const last = layers.dense(inputs, classes, { relu: false, inputGradient: true });
    return (x, pass) => {
      const features = relu(stemNorm(stem(x as tf.Tensor4D), pass));
      const deep = blocks.reduce((features, block) => block(features, pass), features);
      return last(tf.mean(deep, [1, 2]));
    };
  };
}

function vgg16(layers: Layers, shape: readonly number[], classes: number, width = 64): Forward {
  const [height, columns, channels] = imageShape('vgg16', shape, 32);
  let inputs = channels;
  const stages = [2, 2, 3, 3, 3].map((count, stage) =>
    Array.from({ length: count }, () => {
      const outputs = width * Math.min(2 ** stage, 8);
      const start = { deviation: Math.sqrt(2 / (9 * outputs)) };
      const fusion = { relu: false, inputGradient: inputs !== channels };
      const convolve = layers.convolution(inputs, outputs, fusion, start);
      const norm = layers.batchNorm(outputs);
      inputs = outputs;
      return (x: tf.Tensor4D, pass: Pass) => relu(norm(convolve(x), pass));
    }),
  );
  const features = Math.floor(height / 32) * Math.floor(columns / 32) * inputs;
  const last = layers.dense(features, classes, { relu: false, inputGradient: true }, { deviation: 0.01 });
  return (x, pass) => {
    const deep = stages.reduce(
      (features, stage) => maxPool(stage.reduce((x, layer) => layer(x, pass), features)),
      x as tf.Tensor4D,
    );
    return last(tf.reshape(deep, [-1, features]));
  };
}

function imageShape(name: string, shape: readonly number[], least: number): readonly number[] {
  if (shape.length === 3 && shape[0] >= least && shape[1] >= least) return shape;
  const expected = `[height, width, channels] of at least ${least}×${least} pixels for ${name}`;
  return checksOf('buildModel').fail('shape', shape, expected);
}
