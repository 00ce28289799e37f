import { type TensorInfo, util } from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** What `assembly/index.ts` exports. Every argument is a number: an address in bytes, a count, or a flag. */
type Exports = Readonly<Record<string, (...args: number[]) => number>>;

/** Parts of Emscripten's module that the backend's types do not mention. */
interface Heap {
  readonly asm: { readonly memory: WebAssembly.Memory };
  readonly HEAP32: Int32Array;
  readonly HEAPF32: Float32Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** Our compiled kernels in the memory of TensorFlow.js's WebAssembly backend. */
export class WasmModule {
  readonly run: Exports;
  private readonly heap: Heap;
  private workAddress = 0;
  private workBytes = 0;

  /** @param code the bytes of kernels.wasm */
  constructor(
    readonly backend: BackendWasm,
    code: Uint8Array<ArrayBuffer>,
  ) {
    this.heap = backend.wasm as unknown as Heap;
    const imports = { env: { memory: this.heap.asm.memory } };
    this.run = new WebAssembly.Instance(new WebAssembly.Module(code), imports).exports as Exports;
    this.run.keepTilesAt(this.allocate(192));
  }

  /** Where the values of `tensor` lie. Valid until the tensor is disposed of: memory grows in place. */
  address(tensor: Pick<TensorInfo, 'dataId'>): number {
    return this.backend.getMemoryOffset(tensor.dataId as { id?: number });
  }

  /**
   * Views of the values of `tensors`, for the next lines only. One call for all of them: a tensor that another
   * backend holds is fetched when first asked for, which may enlarge the memory and detach every older view.
   */
  floats(...tensors: TensorInfo[]): Float32Array[] {
    const addresses = tensors.map(tensor => this.address(tensor));
    const { buffer } = this.heap.HEAPF32;
    return tensors.map(({ shape }, i) => new Float32Array(buffer, addresses[i], util.sizeFromShape(shape)));
  }

  /** A block to work in until the next call, kept and enlarged when needed, so that steps do not allocate. */
  work(bytes: number): number {
    if (bytes > this.workBytes) {
      this.heap._free(this.workAddress);
      this.workAddress = this.allocate(bytes);
      this.workBytes = bytes;
    }
    return this.workAddress;
  }

  private allocate(bytes: number): number {
    const address = this.heap._malloc(bytes) >>> 0;
    if (address === 0) throw new Error(`WebAssembly kernels: out of memory: cannot allocate ${bytes} bytes`);
    return address;
  }

  /** Writes 32-bit integers at `address`. */
  writeIntegers(address: number, values: readonly number[]): void {
    this.heap.HEAP32.set(values, address >>> 2);
  }

  /** Writes float32 numbers at `address`. */
  writeFloats(address: number, values: ArrayLike<number>): void {
    this.heap.HEAPF32.set(values, address >>> 2);
  }
}
