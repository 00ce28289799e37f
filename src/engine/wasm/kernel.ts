import {
  getKernel,
  type NamedAttrMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { WasmModule } from './module';

/** A kernel of ours, from what TensorFlow.js calls it with. */
export type Kernel = (call: {
  readonly inputs: Readonly<Record<string, TensorInfo | undefined>>;
  readonly attrs: NamedAttrMap;
  readonly backend: BackendWasm;
  readonly module: WasmModule;
  /** Runs the replaced kernel on the same inputs: for cases that ours leaves to it. */
  readonly upstream: () => TensorInfo | TensorInfo[];
}) => TensorInfo | TensorInfo[];

/** Registers `kernel` for the WebAssembly backend, in place of upstream's where there is one. */
export function override(name: string, kernel: Kernel, module: WasmModule): void {
  const { backend } = module;
  const replaced = getKernel(name, 'wasm');
  if (replaced !== undefined) unregisterKernel(name, 'wasm');
  registerKernel({
    kernelName: name,
    backendName: 'wasm',
    setupFunc: replaced?.setupFunc,
    disposeFunc: replaced?.disposeFunc,
    kernelFunc: call => {
      const upstream = () => {
        if (replaced !== undefined) return replaced.kernelFunc(call);
        throw new Error(`${name}: neither TensorFlow.js nor this library computes this case on WebAssembly`);
      };
      return kernel({ ...call, attrs: call.attrs ?? {}, backend, module, upstream });
    },
  });
}
