import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Absent, chooseEngine, ENGINES, type EngineName, type Loader } from '../../src/engine/engine';

/** Stand-ins for the packages: engines listed start, others are absent, or broken with a message. */
function machine(starts: EngineName[], broken: Partial<Record<EngineName, string>> = {}) {
  const loader = (name: EngineName): Loader => {
    return async forced => {
      if (broken[name] !== undefined) throw new Error(broken[name]);
      if (!starts.includes(name)) throw new Absent(`package ${name} is not installed`);
      return `${forced ? 'forced' : 'chosen'} ${name}`;
    };
  };
  const warnings: string[] = [];
  const loaders = Object.fromEntries(ENGINES.map(name => [name, loader(name)]));
  const choose = (forced?: string) => chooseEngine(forced, loaders, message => warnings.push(message));
  return { choose, warnings };
}

test('the best engine that is there is chosen, and what is absent is not mentioned', async () => {
  for (let best = 0; best < ENGINES.length; best++) {
    const { choose, warnings } = machine(ENGINES.slice(best));
    assert.deepEqual(await choose(), { name: ENGINES[best], device: `chosen ${ENGINES[best]}` });
    assert.deepEqual(warnings, []);
  }
});

test('an engine that is installed but broken is one line of warning, and the next is taken', async () => {
  const broken = { tensorflow: 'Cannot find tfjs_binding.node\nat path …\nRequire stack:\n- a.js' };
  const { choose, warnings } = machine(['wasm', 'cpu'], broken);
  assert.equal((await choose()).name, 'wasm');
  assert.deepEqual(warnings, [
    'Engine tensorflow is installed but does not start: Cannot find tfjs_binding.node',
  ]);
});

test('a forced engine is taken or refused, never replaced', async () => {
  const { choose, warnings } = machine(['tensorflow', 'cpu'], { webgpu: 'no Vulkan' });
  assert.equal((await choose('cpu')).device, 'forced cpu');
  await assert.rejects(choose('webgpu'), /engine webgpu was asked for but does not start: no Vulkan/);
  await assert.rejects(choose('wasm'), /engine wasm was asked for .*: package wasm is not installed/);
  await assert.rejects(choose('cuda'), /useEngine: engine is 'cuda', expected one of tensorflow-gpu, /);
  assert.deepEqual(warnings, []);
});

/** What a fresh process prints that only chooses an engine and computes. */
function run(engine: string, lines: string, module = '../../src/engine/node'): string {
  const code = `
    const { useEngine } = require(${JSON.stringify(require.resolve(module))});
    const tf = require('@tensorflow/tfjs');
    (async () => { ${lines} })();`;
  const env = { ...process.env, MIB_ENGINE: engine };
  return execFileSync(process.execPath, ['-e', code], {
    cwd: __dirname,
    env,
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

const compute = `
  const early = tf.tensor([1, 2]);                      // before the choice
  const { name, device } = await useEngine();
  const sum = (await early.add(1).data()).join();
  console.log([name, device, sum, tf.getBackend()].join(' | '));`;

test('nothing but what was asked for is printed, and tensors from before the choice are kept', () => {
  assert.equal(run('wasm', compute), 'wasm | WebAssembly SIMD, 1 thread | 2,3 | wasm');
  assert.equal(run('cpu', compute), 'cpu | plain JavaScript, 1 thread | 2,3 | cpu');
});

test('the WebAssembly engine leaves the handling of stray errors as it was', () => {
  const listeners = `
    const count = () => process.listenerCount('unhandledRejection') + process.listenerCount('uncaughtException');
    const before = count();
    await useEngine();
    console.log(count() - before);`;
  assert.equal(run('wasm', listeners), '0');
});

test('without the engines of Node there is plain JavaScript, and another one asked for is refused', () => {
  const alone = `
    console.log((await useEngine()).name);
    await useEngine('wasm').catch(error => console.log(error.message));`;
  assert.equal(
    run('', alone, '../../src/engine/engine'),
    'cpu\nuseEngine: engine wasm was asked for but does not start: it is not registered: import src/engine/node',
  );
});
