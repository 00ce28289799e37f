import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { registerWasmKernels } from './wasm';

/** Engines in order of preference. */
export const ENGINES = ['tensorflow-gpu', 'tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type EngineName = (typeof ENGINES)[number];

/** What computes, and on which device, e.g. `{ name: 'wasm', device: 'WebAssembly SIMD, 1 thread' }`. */
export interface Engine {
  readonly name: EngineName;
  readonly device: string;
}

/** Starts one engine, or throws: {@link Absent} if the machine does not have it, another error if it is broken. */
export type Loader = (forced: boolean) => Promise<Engine>;

/** The engine is not there, which is nothing to warn of. */
export class Absent extends Error {}

// PROD silences the library's greeting and its argument checks, which our own callers have behind them.
tf.enableProdMode();
// A model may be built before an engine is chosen; its weights wait here and move when they are first used.
tf.setBackend('cpu');

let current: Promise<Engine> | undefined;

/**
 * Chooses what computes: the best engine that this machine has, or the one asked for.
 *
 * The order is native TensorFlow (`@tensorflow/tfjs-node-gpu`, then `@tensorflow/tfjs-node`, where installed),
 * WebGPU on a real GPU, WebAssembly, plain JavaScript. The choice is made once a process: later calls without
 * an argument return it. Training and prediction call this themselves.
 *
 * @param preference forces one engine; without it the environment variable `MIB_ENGINE` does
 * @throws if the forced engine is unknown or does not start; says why
 */
export function useEngine(preference?: EngineName): Promise<Engine> {
  if (current === undefined || preference !== undefined) {
    const forced = preference ?? (process.env.MIB_ENGINE || undefined);
    const chosen = chooseEngine(forced, LOADERS, message => console.warn(message));
    current = chosen;
    chosen.catch(() => {
      if (current === chosen) current = undefined;
    });
  }
  return current;
}

/** The choice itself, apart from real packages so that it can be tested: see {@link useEngine}. */
export async function chooseEngine(
  forced: string | undefined,
  loaders: Record<EngineName, Loader>,
  warn: (message: string) => void,
): Promise<Engine> {
  if (forced !== undefined) {
    const name = ENGINES.find(engine => engine === forced);
    if (name === undefined) {
      throw new Error(
        `useEngine: engine is ${JSON.stringify(forced)}, expected one of ${ENGINES.join(', ')}`,
      );
    }
    try {
      return await loaders[name](true);
    } catch (error) {
      throw new Error(`useEngine: engine ${name} was asked for but does not start: ${reason(error)}`);
    }
  }
  for (const name of ENGINES) {
    try {
      return await loaders[name](false);
    } catch (error) {
      if (!(error instanceof Absent))
        warn(`Engine ${name} is installed but does not start: ${reason(error)}`);
    }
  }
  throw new Error(`useEngine: none of ${ENGINES.join(', ')} starts`);
}

const LOADERS: Record<EngineName, Loader> = {
  'tensorflow-gpu': () => startNative('tensorflow-gpu', '@tensorflow/tfjs-node-gpu'),
  // the name under which package.json lists @tensorflow/tfjs-node: see README, "Engines"
  tensorflow: () => startNative('tensorflow', 'tfjs-node-native'),
  webgpu: startWebGPU,
  wasm: startWasm,
  cpu: async () => {
    await tf.setBackend('cpu');
    return { name: 'cpu', device: 'plain JavaScript, 1 thread' };
  },
};

async function startNative(name: EngineName, packageName: string): Promise<Engine> {
  installed(packageName);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // libtensorflow's remarks on the processor
  require(packageName);
  if (!(await tf.setBackend('tensorflow'))) throw new Error('its backend is not accepted');
  const { isUsingGpuDevice } = tf.backend() as unknown as { isUsingGpuDevice: boolean };
  return { name, device: isUsingGpuDevice ? 'TensorFlow, CUDA GPU' : 'TensorFlow, all processor cores' };
}

/**
 * One thread. The backend's threaded build can be made to run in Node, but only upstream's own products use the
 * threads: on two cores its forward convolutions came to 57–63 GFLOP/s where ours do 37–46 on one, 64 rows times a
 * 446 × 256 matrix to 18 where ours do 41. Gradients, two thirds of a step, gain nothing, so a step would be a tenth
 * shorter at best (reckoned: no whole step was tried). `trainMany` makes more of a second core.
 */
async function startWasm(): Promise<Engine> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${join(dirname(installed('@tensorflow/tfjs-backend-wasm')))}/`);
  // Emscripten's start-up code listens to these and rethrows, which would take a notebook's kernel down.
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = events.map(event => new Set(process.listeners(event as NodeJS.Signals)));
  if (!(await tf.setBackend('wasm'))) throw new Error('its module does not load');
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as NodeJS.Signals)) {
      if (!before[i].has(listener)) process.removeListener(event, listener);
    }
  });
  registerWasmKernels();
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? ' SIMD' : '';
  return { name: 'wasm', device: `WebAssembly${simd}, 1 thread` };
}

/** Run in a child process: a graphics driver may crash, and Dawn writes to stderr where there is no driver. */
const PROBE = `
  import('webgpu').then(async ({ create }) => {
    const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
    const { vendor, description, isFallbackAdapter } = adapter?.info ?? {};
    console.log(JSON.stringify(adapter && { vendor, description, isFallbackAdapter }));
  });`;

/** Vulkan drivers that compute on the processor: slower there than WebAssembly. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

async function startWebGPU(forced: boolean): Promise<Engine> {
  installed('webgpu');
  const probe = spawnSync(process.execPath, ['-e', PROBE], {
    cwd: __dirname,
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (probe.status !== 0) throw new Error(`its library fails: ${firstLine(probe.stderr) || probe.signal}`);
  const adapter: GPUAdapterInfo | null = JSON.parse(probe.stdout);
  if (adapter === null) throw new Absent('no graphics adapter found (Vulkan, Metal or Direct3D 12)');
  const software = adapter.isFallbackAdapter || SOFTWARE.test(adapter.description);
  if (software && !forced) throw new Absent(`${adapter.description} is no real GPU`);
  if (!tf.engine().registryFactory.webgpu) await registerWebGPU();
  if (!(await tf.setBackend('webgpu'))) throw new Error('its device does not open');
  const device = adapter.description || adapter.vendor;
  return { name: 'webgpu', device: `WebGPU, ${device}${software ? ' (software)' : ''}` };
}

/** Held for good: Dawn crashes when this is garbage-collected before its devices. */
let gpu: GPU;

/**
 * Registers the backend with a device of our own: its package would look for the adapter in a browser's
 * `navigator`, which is lent to it only while it starts, so that no other library takes Node for a browser.
 */
async function registerWebGPU(): Promise<void> {
  const [{ WebGPUBackend }, { create, globals }] = await Promise.all([
    import('@tensorflow/tfjs-backend-webgpu'),
    import('webgpu'),
  ]);
  Object.assign(globalThis, globals);
  tf.registerBackend('webgpu', async () => {
    gpu = create([]);
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) throw new Error('no graphics adapter found');
    const { limits } = adapter;
    const device = await adapter.requestDevice({
      requiredLimits: {
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxBufferSize: limits.maxBufferSize,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      },
    });
    const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    Object.defineProperty(globalThis, 'navigator', { value: { gpu: true }, configurable: true });
    try {
      return new WebGPUBackend(device, adapter.info);
    } finally {
      if (navigator === undefined) Reflect.deleteProperty(globalThis, 'navigator');
      else Object.defineProperty(globalThis, 'navigator', navigator);
    }
  });
}

/** Path of a package's main file. */
function installed(packageName: string): string {
  try {
    return require.resolve(packageName);
  } catch {
    throw new Absent(`package ${packageName} is not installed`);
  }
}

function reason(error: unknown): string {
  return firstLine(error instanceof Error ? error.message : String(error));
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0];
}
