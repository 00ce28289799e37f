import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs';
import type { Kernel } from './kernel';

type Attributes = BatchMatMulAttrs & { activation?: string };

/**
 * Matrix products, transposed or not, with bias and ReLU at no cost.
 *
 * Upstream multiplies untransposed matrices by XNNPACK, without fused multiply-add, and packs the right matrix
 * anew for every new weight tensor; transposed ones, as all gradients of a dense layer are, by a plain loop.
 */
const product: Kernel = ({ inputs, attrs, backend, module, upstream }) => {
  const { a, b, bias } = inputs as Record<'a' | 'b', TensorInfo> & { bias?: TensorInfo };
  const { transposeA, transposeB, activation = 'linear' } = attrs as unknown as Attributes;
  const [rows, depth] = lastTwo(a, transposeA);
  const [, columns] = lastTwo(b, transposeB);
  const batch = a.shape.slice(0, -2);
  const ours =
    `${batch}` === `${b.shape.slice(0, -2)}` &&
    (activation === 'linear' || activation === 'relu') &&
    (bias === undefined || bias.shape.length === 1) &&
    a.dtype === 'float32' &&
    b.dtype === 'float32';
  if (!ours) return upstream();
  const out = backend.makeOutput([...batch, rows, columns], 'float32');
  const packedBytes = module.run.packedBytes(depth, columns);
  const packed = module.work(packedBytes + 4 * rows * depth);
  const start = bias === undefined ? 0 : module.address(bias);
  const count = batch.reduce((product, size) => product * size, 1);
  for (let i = 0; i < count; i++) {
    const right = module.address(b) + 4 * i * depth * columns;
    if (transposeB) module.run.packTransposed(packed, right, 4 * depth, depth, columns);
    else module.run.pack(packed, right, 4 * columns, depth, columns);
    let left = module.address(a) + 4 * i * rows * depth;
    if (transposeA) {
      const transposed = packed + packedBytes;
      module.run.transpose(transposed, 4 * depth, left, 4 * rows, depth, rows);
      left = transposed;
    }
    const result = module.address(out) + 4 * i * rows * columns;
    const relu = Number(activation === 'relu');
    module.run.multiply(left, 4 * depth, packed, result, 4 * columns, start, 0, rows, columns, depth, relu);
  }
  return out;
};

function lastTwo({ shape }: TensorInfo, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

export const matrixKernels: Readonly<Record<string, Kernel>> = {
  BatchMatMul: product,
  _FusedMatMul: product,
};
