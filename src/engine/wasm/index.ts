import * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { convolutionKernels } from './convolution';
import { override } from './kernel';
import { matrixKernels } from './matrix';
import { WasmModule } from './module';
import { poolingKernels } from './pooling';
import { stepKernels } from './step';

/** What training needs and the backend lacks or does slowly. */
const KERNELS = { ...matrixKernels, ...convolutionKernels, ...poolingKernels, ...stepKernels };

let ours: WasmModule | undefined;

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
  if (ours === undefined) {
    ours = new WasmModule(tf.backend() as BackendWasm, kernels);
    for (const [name, kernel] of Object.entries(KERNELS)) override(name, kernel, ours);
  }
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? ' SIMD' : '';
  return `WebAssembly${simd}, 1 thread`;
}
