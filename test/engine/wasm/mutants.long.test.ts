import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

/*
 * Plants one fault at a time in the AssemblyScript kernels and expects kernels.test.ts to fail: a test of the tests.
 * A new kernel gets its lines here.
 */

/** In the function `within` of a file of assembly/, the first `correct` becomes `faulty`. */
type Fault = readonly [file: string, within: string, correct: string, faulty: string];

/** By exported function. */
const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  columnSums: [
    ['columns', 'columnSums', 'add(sums', 'add(work'],
    ['columns', 'columnSums', 'row > 0', 'row > 1'],
    ['columns', 'columnSums', 'first += BLOCK', 'first += 2 * BLOCK'],
    ['elements', 'add', 'f32x4.add(v128.load(to + at), v128.load(from + at))', 'v128.load(from + at)'],
    ['elements', 'add', 'f32.load(to + at) +', ''],
  ],
  columnProducts: [
    ['columns', 'columnProducts', 'v128.load(shiftB + at)', 'v128.load(shiftA + at)'],
    ['columns', 'columnProducts', '- f32.load(shiftB + at)', ''],
    ['columns', 'columnProducts', 'first += BLOCK', 'first += 2 * BLOCK'],
  ],
  columnAffine: [
    ['columns', 'columnAffine', 'v128.load(q + at)', 'v128.load(p + at)'],
    ['columns', 'columnAffine', 'f32.load(b + at) *', ''],
    ['columns', 'columnAffine', 'if (b !== 0) b += bytes', ''],
    ['columns', 'columnAffine', '* f32.load(p + at)', ''],
  ],
  convolve: [
    ['convolution', 'isPointwise', 'g.strideHeight === 1 &&\n    g.strideWidth === 1 &&', ''],
    ['convolution', 'isPointwise', 'g.height === g.outHeight &&', ''],
    ['convolution', 'convolve', 'false, first, count', 'false, 0, count'],
    ['convolution', 'convolve', 'y + first * out', 'y'],
    ['convolution', 'convolve', 'y, out, bias', 'y, out, 0'],
    ['convolution', 'patches', 'zeros(matrix, begin * pixel)', ''],
    ['convolution', 'patches', '(taps - end) * pixel', '0'],
    ['convolution', 'patches', 'zeros(matrix, taps * pixel)', ''],
    ['convolution', 'patches', '- g.padTop', ''],
  ],
  convolveInputGradient: [
    ['convolution', 'convolveInputGradient', 'memory.fill(dx, 0', 'memory.fill(dx, 64'],
    ['convolution', 'convolveInputGradient', 'dy + first * out', 'dy'],
    ['convolution', 'convolveInputGradient', 'true, first, count', 'true, 0, count'],
    ['convolution', 'convolveInputGradient', 'depth, g.outChannels, false', 'depth, g.outChannels, true'],
  ],
  convolveFilterGradient: [
    ['convolution', 'convolveFilterGradient', 'memory.fill(sum, 0, out * depth)', ''],
    ['convolution', 'convolveFilterGradient', 'dy + first * out', 'dy'],
    [
      'convolution',
      'convolveFilterGradient',
      'transpose(dfilter, out, sum',
      'transpose(dfilter, out, gradient',
    ],
  ],
  convolutionBytes: [['convolution', 'convolutionBytes', '4 * block * depth +', '']],
  reluGradient: [
    ['elements', 'reluGradient', 'f32x4.gt(v128.load(y), zero)', 'f32x4.ge(v128.load(y), zero)'],
    ['elements', 'reluGradient', 'f32.load(y) > 0', 'f32.load(y) >= 0'],
  ],
  sgdUpdate: [
    [
      'elements',
      'sgdUpdate',
      'f32x4.relaxed_madd(decays, w, v128.load(gradient + at))',
      'v128.load(gradient + at)',
    ],
    ['elements', 'sgdUpdate', 'f32x4.splat(momentum)', 'f32x4.splat(1)'],
    ['elements', 'sgdUpdate', 'w - rate * v', 'w + rate * v'],
    ['elements', 'sgdUpdate', '+ decay * w', ''],
  ],
  pack: [
    ['matrix', 'pack', 'v128.load(row, 16)', 'v128.load(row)'],
    ['matrix', 'pack', 'f32.load(from + (column << 2))', 'f32.load(from)'],
  ],
  packTransposed: [
    ['matrix', 'packTransposed', 'from += stride * TILE_COLUMNS', 'from += stride'],
    ['matrix', 'packTransposed', 'min(TILE_COLUMNS,', 'min(TILE_COLUMNS - 1,'],
  ],
  packedBytes: [['matrix', 'packedBytes', '* depth * 4', '* depth']],
  transpose: [
    ['matrix', 'transpose', '2, 6, 3, 7', '2, 6, 3, 6'],
    ['matrix', 'transpose', '4, columns - column', '3, columns - column'],
    ['matrix', 'transpose', 'rows - row, columns', 'rows - row - 1, columns'],
  ],
  multiply: [
    ['matrix', 'multiply', 'first += block', 'first += 2 * block'],
    ['matrix', 'multiply', 'let panel = right', 'let panel = right + 4 * first'],
    ['matrix', 'multiply', 'row * startStride + at', 'row * startStride'],
    ['matrix', 'tile', 'min(5, rows - 1)', 'min(4, rows - 1)'],
    ['matrix', 'tile', 'f32x4.relaxed_madd(a, b1, c51)', 'f32x4.relaxed_madd(a, b0, c51)'],
    ['matrix', 'finish', 'relu ? f32x4.pmax(high, zero) : high', 'high'],
    ['matrix', 'finish', 'value < least ? 0 : value', 'value'],
    ['matrix', 'finish', 'start += startStride', ''],
  ],
  keepTilesAt: [['matrix', 'keepTilesAt', 'tileAddress = address', 'tileAddress = address + (1 << 30)']],
  poolGradient: [
    ['pooling', 'poolGradient', 'x += image', ''],
    ['pooling', 'poolGradient', 'memory.fill(dx, 0, g.batch * image)', ''],
    ['pooling', 'window', '((bottom - top) * (right - left))', '(g.filterHeight * g.filterWidth)'],
    ['pooling', 'window', 'f32x4.gt(value, largest)', 'f32x4.ge(value, largest)'],
    ['pooling', 'window', 'f32x4.add(v128.load(dx + offset), given)', 'given'],
    ['pooling', 'window', 'value > largest', 'value >= largest'],
    ['pooling', 'window', '* share)', ')'],
  ],
};

const ROOT = join(__dirname, '..', '..', '..', '..');
const ASSEMBLY = 'src/engine/wasm/assembly';
const folder = mkdtempSync(join(tmpdir(), 'mib-mutants-'));
after(() => rmSync(folder, { recursive: true }));

before(() => {
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});

/** Compiles the kernels with one fault into the copy of `dist`. */
function compile([file, within, correct, faulty]: Fault): void {
  const sources = join(folder, ASSEMBLY);
  cpSync(join(ROOT, ASSEMBLY), sources, { recursive: true });
  const path = join(sources, `${file}.ts`);
  const text = readFileSync(path, 'utf8');
  const at = text.indexOf(correct, text.indexOf(`function ${within}(`));
  assert.ok(at > 0 && text.includes(`function ${within}(`), `${within} of ${path} has no ${correct}`);
  writeFileSync(path, text.slice(0, at) + faulty + text.slice(at + correct.length));
  const command = [
    join(ROOT, 'node_modules/assemblyscript/bin/asc.js'),
    '--config',
    join(sources, 'asconfig.json'),
  ];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** Whether the tests of the kernels pass; stops at the first that fails, or at a crash. */
async function testsPass(): Promise<boolean> {
  const file = join(folder, 'dist/test/engine/wasm/kernels.test.js');
  const { NODE_TEST_CONTEXT, ...env } = process.env; // with it the tests of a test's child are not run
  const child = spawn(process.execPath, ['--test-reporter=tap', file], { env, timeout: 120_000 });
  child.stdout.on('data', text => {
    if (/^not ok/m.test(text)) child.kill('SIGKILL');
  });
  return new Promise(resolve => child.on('exit', code => resolve(code === 0)));
}

test('without a fault the tests of the kernels pass', async () => {
  assert.equal(await testsPass(), true);
});

for (const [name, faults] of Object.entries(FAULTS)) {
  for (const fault of faults) {
    const [, within, correct, faulty] = fault;
    test(`${name}: noticed in ${within}: ${faulty || 'nothing'} instead of ${correct}`, async () => {
      compile(fault);
      assert.equal(await testsPass(), false);
    });
  }
}

test('every exported kernel has a fault', () => {
  const exported = readFileSync(join(ROOT, ASSEMBLY, 'index.ts'), 'utf8').matchAll(/{([^}]+)}/g);
  const names = [...exported].flatMap(([, list]) => list.split(',').map(name => name.trim()));
  assert.deepEqual(Object.keys(FAULTS).sort(), names.sort());
});
