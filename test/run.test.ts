import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from './fixtures';

/** Runs a copy of the runner on a folder of fake tests: name → compiled text, or null for a source that was not compiled. */
function runFakes(t: TestContext, fakes: Record<string, string | null>, ...words: string[]) {
  const root = temporaryFolder(t);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const [name, text] of Object.entries(fakes)) {
    if (!name.startsWith('stale')) write(join(root, 'test', `${name}.ts`), '');
    const head = "const { test } = require('node:test');\n";
    if (text !== null) write(join(root, 'dist', 'test', `${name}.js`), head + text);
  }
  const runner = join(root, 'dist', 'test', 'run.js');
  copyFileSync(require.resolve('./run'), runner);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // node refuses to run tests inside a test
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...words], {
    env,
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  const counts = Object.fromEntries([...stdout.matchAll(/^# (\w+) (\d+)$/gm)].map(m => [m[1], Number(m[2])]));
  return { status, stdout, counts };
}

const passing = "test('adds', () => {}); console.error('a damaged file');";

test('a clean run prints no more than skips and counts, and runs files at any depth', t => {
  const { status, stdout, counts } = runFakes(t, {
    'a.test': passing,
    'deep/down/b.test': `${passing} test('needs torch', { skip: 'torch is not installed' }, () => {});`,
    'c.long.test': "test('not now', () => { throw new Error('long'); });",
    'stale.test': "test('without a source', () => { throw new Error('stale'); });",
  });
  assert.equal(status, 0, stdout);
  assert.match(
    stdout,
    /^skipped: test\/deep\/down\/b\.test\.ts: needs torch \(torch is not installed\)\n# tests 3\n/,
  );
  assert.equal(stdout.split('\n').length, 10);
  assert.deepEqual([counts.tests, counts.pass, counts.skipped, counts.fail], [3, 2, 1, 0]);
});

test('a failing test is shown with its reason, and fails the run', t => {
  const inner = "test('outer', t => t.test('inner', () => { throw new Error('the reason'); }));";
  const { status, stdout, counts } = runFakes(t, { 'a.test': passing, 'b.test': inner });
  assert.equal(status, 1);
  assert.match(stdout, /^not ok: test\/b\.test\.ts: outer › inner\n {4}Error: the reason\n/);
  assert.ok(!stdout.includes('a damaged file'));
  assert.deepEqual([counts.tests, counts.pass, counts.fail], [3, 1, 2]);
});

for (const [what, fake, message] of [
  // a glob over two levels once left out the kernels' tests for weeks
  ['was never compiled', null, /is not compiled/],
  ['crashes when it is loaded', "throw new Error('early');", /outside its tests[\s\S]*Error: early/],
  [
    'crashes after its tests',
    `${passing} setTimeout(() => { throw new Error('late'); });`,
    /outside[\s\S]*late/,
  ],
  [
    'ends with another exit code',
    `${passing} process.on('exit', () => process.reallyExit(3));`,
    /outside its/,
  ],
  ['has no tests', "console.log('nothing here');", /executed no test\n {4}nothing here/],
  [
    'ends before its last test',
    `${passing} test('b', async () => { await new Promise(r => setTimeout(r, 200)); process.exit(0); });`,
    /executed 1 of its 2 tests/,
  ],
] as const) {
  test(`a file that ${what} fails the run`, t => {
    const { status, stdout, counts } = runFakes(t, { 'a.test': passing, 'b/c.test': fake });
    assert.equal(status, 1, stdout);
    assert.match(stdout, /not ok: test\/b\/c\.test\.ts\n/);
    assert.match(stdout, message);
    assert.equal(counts.fail, 1);
  });
}

test('words, --quick and --long choose; nothing chosen fails', t => {
  const fakes = { 'a.test': passing, 'notebook/b.test': passing, 'c.long.test': passing };
  const tests = (...words: string[]) => runFakes(t, fakes, ...words).counts.tests;
  assert.deepEqual([tests(), tests('--quick'), tests('--long'), tests('a')], [2, 1, 1, 1]);
  assert.equal(runFakes(t, fakes, 'z').status, 1);
});
