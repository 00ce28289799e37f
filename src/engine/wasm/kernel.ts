import {
  getKernel,
  type NamedAttrMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { WasmModule } from './module';

/** A kernel of ours: what TensorFlow.js hands it, our module, and the kernel that it replaced. */
export type Kernel = (call: {
  readonly inputs: Readonly<Record<string, TensorInfo | undefined>>;
  readonly attrs: NamedAttrMap;
  readonly backend: BackendWasm;
  readonly module: WasmModule;
  /** Runs the replaced kernel on the same inputs: for cases that ours leaves to it. */
  readonly upstream: () => TensorInfo | TensorInfo[];
}) => TensorInfo | TensorInfo[];

/** Registers `kernel` for the WebAssembly backend, in the place of upstream's where there is one. */
export function override(name: string, kernel: Kernel): void {
  const replaced = getKernel(name, 'wasm');
  if (replaced !== undefined) unregisterKernel(name, 'wasm');
  registerKernel({
    kernelName: name,
    backendName: 'wasm',
    setupFunc: replaced?.setupFunc,
    disposeFunc: replaced?.disposeFunc,
    kernelFunc: call => {
      const backend = call.backend as BackendWasm;
      const upstream = () => {
        if (replaced === undefined) {
          throw new Error(
            `${name}: neither TensorFlow.js nor this library computes this case on WebAssembly`,
          );
        }
        return replaced.kernelFunc(call);
      };
      return kernel({ ...call, attrs: call.attrs ?? {}, backend, module: WasmModule.of(backend), upstream });
    },
  });
}
