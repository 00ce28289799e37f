import * as tf from '@tensorflow/tfjs';

/** Engines in order of preference. */
export const ENGINES = ['tensorflow-gpu', 'tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type EngineName = (typeof ENGINES)[number];

/** What computes, and on which device, e.g. `{ name: 'wasm', device: 'WebAssembly SIMD, 1 thread' }`. */
export interface Engine {
  readonly name: EngineName;
  readonly device: string;
}

/** Starts one engine and returns its device; throws {@link Absent} if the machine lacks it, else why it fails. */
export type Loader = (forced: boolean) => Promise<string>;
type Loaders = Partial<Record<EngineName, Loader>>;

/** The engine is not there: no reason for a warning. */
export class Absent extends Error {}

// PROD silences the library's greeting and its argument checks: our callers have checked theirs.
tf.enableProdMode();
// A model may be built before an engine is chosen; its weights wait here and move when they are first used.
tf.setBackend('cpu');

const registered: Loaders = {
  cpu: async () => {
    await tf.setBackend('cpu');
    return 'plain JavaScript, 1 thread';
  },
};
let forcedOutside = (): string | undefined => undefined;
let current: Promise<Engine> | undefined;

/**
 * Adds engines to plain JavaScript, which is always there: `node.ts` does so for Node.
 *
 * @param forced the engine that must be used when the caller of {@link useEngine} names none
 */
export function registerEngines(loaders: Loaders, forced: () => string | undefined): void {
  Object.assign(registered, loaders);
  forcedOutside = forced;
  current = undefined;
}

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
    const chosen = chooseEngine(preference ?? forcedOutside(), registered, message => console.warn(message));
    current = chosen;
    chosen.catch(() => {
      if (current === chosen) current = undefined;
    });
  }
  return current;
}

/** The choice itself among `loaders`: see {@link useEngine}. */
export async function chooseEngine(
  forced: string | undefined,
  loaders: Loaders,
  warn: (message: string) => void,
): Promise<Engine> {
  const start = async (name: EngineName): Promise<Engine> => {
    const loader = loaders[name];
    if (loader === undefined) throw new Absent('it is not registered: import src/engine/node');
    return { name, device: await loader(forced !== undefined) };
  };
  if (forced !== undefined) {
    const name = ENGINES.find(engine => engine === forced);
    if (name === undefined) {
      throw new Error(`useEngine: engine is '${forced}', expected one of ${ENGINES.join(', ')}`);
    }
    return start(name).catch(error => {
      throw new Error(`useEngine: engine ${name} was asked for but does not start: ${firstLine(error)}`);
    });
  }
  for (const name of ENGINES) {
    try {
      return await start(name);
    } catch (error) {
      if (!(error instanceof Absent))
        warn(`Engine ${name} is installed but does not start: ${firstLine(error)}`);
    }
  }
  throw new Error(`useEngine: none of ${ENGINES.join(', ')} starts`);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n')[0];
}
