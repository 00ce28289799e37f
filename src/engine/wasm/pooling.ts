import { backend_util, type MaxPoolGradAttrs, type TensorInfo } from '@tensorflow/tfjs';
import { writeGeometry } from './convolution';
import type { Kernel } from './kernel';

/**
 * Gradients of pooling. Upstream walks over the image channel by channel, 30 times as slow, and its average
 * divides by the whole window where its forward pass divides by the part inside the image.
 */
const poolGradient =
  (average: boolean): Kernel =>
  ({ inputs, attrs, backend, module }) => {
    const { dy, input } = inputs as Record<'dy' | 'input', TensorInfo>;
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as MaxPoolGradAttrs;
    const shape = input.shape as [number, number, number, number];
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const out = backend.makeOutput(input.shape, 'float32');
    const { geometry } = writeGeometry(module, info);
    const [x, gradient, dx] = [input, dy, out].map(tensor => module.address(tensor));
    module.run.poolGradient(x, gradient, dx, Number(average), geometry);
    return out;
  };

export const poolingKernels: Readonly<Record<string, Kernel>> = {
  MaxPoolGrad: poolGradient(false),
  AvgPoolGrad: poolGradient(true),
};
