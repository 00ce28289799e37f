import {
  backend_util,
  type Conv2DBackpropFilterAttrs,
  getKernel,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** Upstream 4.22 has no `Conv2DBackpropFilter` on WebAssembly, so it cannot train a convolution. */
const conv2DBackpropFilter: KernelConfig = {
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const wasm = backend as BackendWasm;
    const { strides, pad, dataFormat, dimRoundingMode, filterShape } =
      attrs as unknown as Conv2DBackpropFilterAttrs;
    const info = backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
      backend_util.convertConv2DDataFormat(dataFormat),
    );
    const out = wasm.makeOutput(filterShape, 'float32');
    const [image, gradient, result] = [x, dy, out].map(t => wasm.typedArrayFromHeap(t));
    result.fill(0);
    const { inChannels, outChannels } = info;
    for (let pixel = 0; pixel < info.batchSize * info.outHeight * info.outWidth; pixel++) {
      const column = pixel % info.outWidth;
      const row = Math.floor(pixel / info.outWidth) % info.outHeight;
      const sample = Math.floor(pixel / (info.outWidth * info.outHeight));
      for (let tap = 0; tap < info.filterHeight * info.filterWidth; tap++) {
        const fx = tap % info.filterWidth;
        const ix = column * info.strideWidth - info.padInfo.left + fx;
        const iy = row * info.strideHeight - info.padInfo.top + (tap - fx) / info.filterWidth;
        if (ix < 0 || ix >= info.inWidth || iy < 0 || iy >= info.inHeight) continue;
        const from = ((sample * info.inHeight + iy) * info.inWidth + ix) * inChannels;
        for (let c = 0; c < inChannels; c++) {
          const value = image[from + c];
          const to = (tap * inChannels + c) * outChannels;
          for (let o = 0; o < outChannels; o++) result[to + o] += value * gradient[pixel * outChannels + o];
        }
      }
    }
    return out;
  },
};

/** Adds to TensorFlow.js's WebAssembly backend what training needs and it lacks; harmless when repeated. */
export function registerWasmKernels(): void {
  if (getKernel('Conv2DBackpropFilter', 'wasm') === undefined) registerKernel(conv2DBackpropFilter);
}
