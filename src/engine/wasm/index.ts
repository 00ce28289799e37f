import { registerConvolutionKernels } from './convolution';
import { registerMatrixKernels } from './matrix';
import { registerPoolingKernels } from './pooling';
import { registerStepKernels } from './step';

let registered = false;

/** Adds to TensorFlow.js's WebAssembly backend what training needs and it lacks or does slowly; harmless when repeated. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  registerMatrixKernels();
  registerConvolutionKernels();
  registerPoolingKernels();
  registerStepKernels();
}
