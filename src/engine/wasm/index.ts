import * as tf from '@tensorflow/tfjs';
import { registerConvolutionKernels } from './convolution';
import { registerMatrixKernels } from './matrix';
import { WasmModule } from './module';
import { registerPoolingKernels } from './pooling';
import { registerStepKernels } from './step';

/**
 * Starts TensorFlow.js's WebAssembly backend with kernels of our own, on one thread; returns the device.
 *
 * @param folder where the backend's package keeps its .wasm files: a path or an address, with a `/` at the end
 * @param kernels the bytes of our kernels.wasm
 */
export async function startWasm(folder: string, kernels: Uint8Array<ArrayBuffer>): Promise<string> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(folder);
  if (!(await tf.setBackend('wasm'))) throw new Error('its module does not load');
  registerWasmKernels(kernels);
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? ' SIMD' : '';
  return `WebAssembly${simd}, 1 thread`;
}

let registered = false;

/** Adds to the backend what training needs and it lacks or does slowly; harmless when repeated. */
function registerWasmKernels(code: Uint8Array<ArrayBuffer>): void {
  if (registered) return;
  WasmModule.compile(code);
  registered = true;
  registerMatrixKernels();
  registerConvolutionKernels();
  registerPoolingKernels();
  registerStepKernels();
}
