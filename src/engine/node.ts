/* Node's engines: native TensorFlow, WebGPU through Dawn, and WebAssembly from the files of its package. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import * as tf from '@tensorflow/tfjs';
import { Absent, registerEngines } from './engine';
import { startWasm } from './wasm';

export { type Engine, type EngineName, useEngine } from './engine';

registerEngines(
  {
    'tensorflow-gpu': () => startNative('@tensorflow/tfjs-node-gpu'),
    // the name under which package.json lists @tensorflow/tfjs-node: see README, "Engines"
    tensorflow: () => startNative('tfjs-node-native'),
    webgpu: startWebGPU,
    wasm: startWasmInNode,
  },
  () => process.env.MIB_ENGINE || undefined,
);

/** Path of a package's main file. */
function installed(packageName: string): string {
  try {
    return require.resolve(packageName);
  } catch {
    throw new Absent(`package ${packageName} is not installed`);
  }
}

async function startNative(packageName: string): Promise<string> {
  installed(packageName);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // libtensorflow's remarks on the processor
  require(packageName);
  if (!(await tf.setBackend('tensorflow'))) throw new Error('its backend is not accepted');
  const { isUsingGpuDevice } = tf.backend() as unknown as { isUsingGpuDevice: boolean };
  return isUsingGpuDevice ? 'TensorFlow, CUDA GPU' : 'TensorFlow, all processor cores';
}

async function startWasmInNode(): Promise<string> {
  const folder = dirname(installed('@tensorflow/tfjs-backend-wasm'));
  const path = join(__dirname, 'wasm', 'kernels.wasm');
  if (!existsSync(path)) throw new Error(`${path} is missing, run: npm run build`);
  const kernels = readFileSync(path);
  // relaxed SIMD is behind this flag in Node 20, and always on in later versions
  if (!WebAssembly.validate(kernels)) setFlagsFromString('--experimental-wasm-relaxed-simd');
  // Emscripten's start-up code listens to these and rethrows, which would end a notebook's kernel.
  const events = ['uncaughtException', 'unhandledRejection'] as unknown as NodeJS.Signals[];
  const before = events.map(event => new Set(process.listeners(event)));
  const device = await startWasm(`${folder}/`, kernels);
  events.forEach((event, i) => {
    for (const listener of process.listeners(event)) {
      if (!before[i].has(listener)) process.removeListener(event, listener);
    }
  });
  return device;
}

/** Prints the graphics adapter. In a process of its own: a driver may crash, and Dawn writes to stderr without one. */
const PRINT_ADAPTER = `
  import('webgpu').then(async ({ create }) => {
    const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
    const { vendor, description, isFallbackAdapter } = adapter?.info ?? {};
    console.log(JSON.stringify(adapter && { vendor, description, isFallbackAdapter }));
  });`;

/** Vulkan drivers that compute on the processor: slower there than WebAssembly. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

async function startWebGPU(forced: boolean): Promise<string> {
  installed('webgpu');
  const options = { cwd: __dirname, encoding: 'utf8', timeout: 20_000 } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', PRINT_ADAPTER], options);
  if (status !== 0) throw new Error(`its library fails: ${stderr.trim().split('\n')[0] || signal}`);
  const adapter: GPUAdapterInfo | null = JSON.parse(stdout);
  if (adapter === null) throw new Absent('no graphics adapter found (Vulkan, Metal or Direct3D 12)');
  const software = adapter.isFallbackAdapter || SOFTWARE.test(adapter.description);
  if (software && !forced) throw new Absent(`${adapter.description} is no real GPU`);
  if (!tf.engine().registryFactory.webgpu) await registerWebGPU();
  if (!(await tf.setBackend('webgpu'))) throw new Error('its device does not open');
  return `WebGPU, ${adapter.description || adapter.vendor}${software ? ' (software)' : ''}`;
}

/** Held for good: Dawn crashes when this is garbage-collected before its devices. */
let gpu: GPU;

/**
 * Registers the backend with a device of our own. Its package looks for the adapter in a browser's `navigator`,
 * which exists only while it starts: other libraries must not take Node for a browser.
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
