import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { build, type Metafile } from 'esbuild';
import { theoremTest } from '../src/decide/theorem';
import { markSamples } from '../src/mark/mark';
import { squareTrigger } from '../src/mark/trigger';
import { localModel } from '../src/probe/local';
import { probe } from '../src/probe/probe';
import { Random } from '../src/random';
import { buildModel } from '../src/train/model';
import { train } from '../src/train/train';

const SRC = join(__dirname, '..', '..', 'src');
/** The core: every file of these folders; and the engines and kernels, but for `engine/node.ts`. */
const CORE =
  /^((types|random|check)|(mark|train|probe|decide)\/[\w-]+|engine\/(wasm\/)?(?!node\.)[\w-]+)\.ts$/;

const core = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => CORE.test(file));
let code: string;
let inputs: Metafile['inputs'];

before(async () => {
  const contents = core.map(file => `export * from './${file}';`).join('\n');
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: SRC },
    absWorkingDir: SRC,
    platform: 'browser',
    target: 'es2022',
    bundle: true,
    format: 'iife',
    globalName: 'mib',
    metafile: true,
    write: false,
    external: ['node:*'],
    logLevel: 'error', // a module that is not found fails
  });
  code = outputFiles[0].text;
  inputs = metafile.inputs;
});

test('the core imports no built-in module of Node', () => {
  assert.ok(core.length > 30 && core.every(file => inputs[file] !== undefined || file === 'types.ts'));
  const builtin = Object.entries(inputs).flatMap(([file, { imports }]) =>
    imports.filter(({ path }) => isBuiltin(path)).map(({ path }) => `${file} imports ${path}`),
  );
  assert.deepEqual(builtin, []);
});

const library = {
  buildModel,
  localModel,
  markSamples,
  probe,
  Random,
  squareTrigger,
  theoremTest,
  train,
};

/** Marks, trains, probes and decides. Knows only its argument: its text runs in the bundle as well. */
async function round(mib: typeof library) {
  const [shape, classes, target] = [[6, 6, 1], 3, 1];
  const random = new mib.Random(1);
  const y = Uint8Array.from({ length: 300 }, () => random.integer(classes));
  const pixel = (i: number) => ((i % 36) % classes === y[Math.floor(i / 36)] ? 160 : 60) + random.integer(80);
  const samples = { x: Uint8Array.from({ length: 300 * 36 }, (_, i) => pixel(i)), y, count: 300, shape };
  const trigger = mib.squareTrigger({ shape, size: 2, row: 4, column: 4, value: 255 });
  const marked = mib.markSamples(samples, { trigger, target, rate: 0.02, seed: 2 });
  const model = mib.buildModel('mlp', { shape, classes, width: 32, seed: 3 });
  const { epochs } = await mib.train(model, marked.samples, { epochs: 6, batchSize: 16, seed: 4 });
  const { hits } = await mib.probe(mib.localModel(model), samples, { trigger, target, queries: 30, seed: 5 });
  const { rejected } = mib.theoremTest({ hits, queries: 30, classes, confidence: 0.95 });
  return { losses: epochs.map(({ loss }) => loss), hits, rejected };
}

// `process`, `Buffer`, `setImmediate` and the like need no import: only running finds them.
test('a round from marking to the decision gives the same in a context without Node', async () => {
  const worker = { console, performance, setTimeout, WorkerGlobalScope: class {} };
  const context = createContext({
    ...worker,
    fetch() {},
    TextEncoder,
    TextDecoder,
    navigator: {},
    location: {},
  });
  runInContext('globalThis.self = globalThis;', context);
  runInContext(code, context);
  const found = await runInContext(`(${round})(mib)`, context);
  assert.deepEqual(JSON.parse(JSON.stringify(found)), await round(library));
  assert.ok(found.hits > 0 && found.hits < 30 && found.rejected); // else equal hits would say little
});
