import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { useEngine } from '../../src/engine/node';

const DIST = join(__dirname, '..', '..');
/** What Node starts: programs, worker threads, the library's face, tests. */
const ENTRIES = /^(src\/\w+|src\/(cli|notebook|reproduce|train\/node)\/.*|test\/.*)\.js$/;
/** Tests that must do without them. */
const WITHOUT = ['test/engine/engine.test.js', 'test/browser.test.js'];

// A program that forgets src/engine/node computes in plain JavaScript, 30 times as slow, and says nothing.
test('whatever Node starts and computes with an engine has registered the engines of Node', async () => {
  const entryPoints = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter(file =>
    ENTRIES.test(file),
  );
  const { metafile } = await build({
    entryPoints,
    absWorkingDir: DIST,
    bundle: true,
    platform: 'node',
    packages: 'external',
    metafile: true,
    write: false,
    outdir: 'none',
    logLevel: 'error',
  });
  const without = Object.values(metafile.outputs).filter(({ inputs }) => {
    return inputs['src/engine/engine.js'] !== undefined && inputs['src/engine/node.js'] === undefined;
  });
  assert.ok(metafile.inputs['src/engine/node.js'] !== undefined && entryPoints.length > 100);
  assert.deepEqual(
    without.map(({ entryPoint }) => entryPoint).filter(file => !WITHOUT.includes(String(file))),
    [],
  );
  assert.notEqual((await useEngine()).name, 'cpu');
});
