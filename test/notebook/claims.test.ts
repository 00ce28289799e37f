import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { studentQuantile } from '../../src/decide/tails';
import { executeNotebook } from '../../src/notebook/execute';
import { type Notebook, plainText } from '../../src/notebook/notebook';
import { ROOT } from '../../src/paths';
import { experimentRows, type ResultRow, readResults } from '../../src/reproduce/csv';
import { estimate } from '../../src/reproduce/tables';
import { temporaryFolder } from '../fixtures';
import { codeCells, FILES, FOLDER, read } from './notebooks';

const results = (name: string) => readResults(join(ROOT, 'data', 'results', name));
const fileOf = (number: string) => FILES.find(file => file.startsWith(number)) ?? '';

const proseOf = ({ cells }: Notebook) =>
  cells
    .filter(cell => cell.cell_type === 'markdown')
    .map(cell => cell.source)
    .join('\n')
    .replaceAll('\u00a0', ' ');
const outputOf = (notebook: Notebook) =>
  codeCells(notebook)
    .flatMap(({ outputs = [] }) => outputs.map(plainText))
    .join('\n');

async function assertProse(number: string, ...words: string[]): Promise<void> {
  const prose = proseOf(await read(fileOf(number)));
  for (const each of words) assert.ok(prose.includes(each), `${number} does not say: ${each}`);
}

/** What the prose of a notebook states, and where its own output says so. */
const STATED: Record<string, [prose: string, output: RegExp][]> = {
  '01': [
    ['$255 \\cdot 50 / 1050 = 12$ grey levels', /0 before, 12 after/],
    ['322 images already have', /31\.5 % of the images, all nine pixels in 322/],
  ],
  '02': [
    ['about three quarters of the triggered test images', /marked +86\.2 % +73\.9 %/],
    ['on less than 2 %', /clean +86\.4 % +0\.4 %/],
    ['0.42 points (95 % interval 0.23 to 0.61)', /mean 0\.42, 95 % interval 0\.23 to 0\.61/],
  ],
  '03': [
    ['gives it twenty times, the other model once', /marked +20 of 30[\s\S]*clean +1 of 30/],
    ['neither model gives the target label to any', /marked .* 0 of 30 .*\nclean .* 0 of 30 /],
    ['How precise is 20 of 30?', /20 of 30: 47\.2 % to 82\.7 %/],
  ],
  '04': [
    ['accused with probability at most 0.8 %', /^ +10 +30 +0\.78 %/m],
    ['with two classes and two queries it is 25 %', /^ +2 +2 +25\.00 %/m],
    ['Check: 9.0 %', /^ +2 +9 +8\.98 %/m],
  ],
  '05': [
    ['it accuses 18.6 % (12 to 26 %)', /Theorem 1 .* 18\.6 % \(11\.6 to 26\.0\)/],
    ['accuses about 1 % of the clean models', /Theorem 1 +1\.0 %/],
    ['does not help then: 30.8 %', /decoys .* 30\.8 % \(26\.3 to 35\.5\)/],
  ],
  '06': [
    ['detected in 24 of 24 models', /Theorem 1 +24 of 24/],
    ['six keys in 15 of 24', /keys +15 of 24/],
  ],
  '07': [['accepts at most four of 200', /permuted class names.* 200 +198 +4/]],
  '08': [
    ['at an attack success rate of 40 % about eighteen questions', /9 hits after 22 queries/],
    ['14 of 240 are expected', /240 answers on disk, 15 of them refusals/],
  ],
  '09': [
    ['of ten owners about half do', /10 +distinct +2 .* 9 of 20[\s\S]*10 +independent +2 .* 14 of 20/],
    ['in one case of ten at a nominal 5 %', /convolutional: 10\.1 % \(5\.9 % to 14\.5 %\)/],
  ],
  '10': [
    ['has an AUC of 0.57', /LiRA, offline +probabilities +0\.572/],
    ['separates used from unused owners with an AUC near 1', / 500 +mean correctness +1\.000/],
    ['in 10 to 30 of 100 cases', /generalizes .* 20\.0 % \(10\.0 % to 30\.0 %\)/],
  ],
  A: [['marking cost accuracy on Fashion-MNIST (0.42 points)', /0\.42 points \(0\.23 to 0\.61\)/]],
};

for (const [number, claims] of Object.entries(STATED)) {
  test(`${number}: the numbers of its prose are those of its output`, async () => {
    // prevents a new execution whose numbers the prose does not follow
    const notebook = await read(fileOf(number));
    for (const [words, output] of claims) {
      await assertProse(number, words);
      assert.match(outputOf(notebook), output, `for "${words}"`);
    }
  });

  test(`${number}: 15 to 25 cells, of at most 12 lines and 88 characters a line`, async () => {
    const notebook = await read(fileOf(number));
    const { length } = notebook.cells;
    // the appendix is a record, not a chapter
    assert.ok(length >= 15 && length <= (number === 'A' ? 40 : 25), `${length} cells`);
    for (const { source } of codeCells(notebook)) {
      const lines = source.split('\n');
      assert.ok(lines.length <= 12, `${lines.length} lines: ${lines[0]}`);
      for (const line of lines) assert.ok([...line].length <= 88, line);
      assert.doesNotMatch(source, /[{,] (\w+): \1[,\s}]/, 'the kernel expands { trigger }');
    }
  });
}

/** By seed or id, a column's numbers. */
const by = (rows: readonly ResultRow[], key: string, column: string) =>
  new Map(rows.map(row => [row[key], Number(row[column])]));

test('02: what marking costs in accuracy, paired by seed, and how much draws of the rows matter', async () => {
  // prevents "costs nothing": three pairs of models that differ in the marks only
  const owners = await results('cpu-owners.csv');
  const runs = experimentRows('one-owner', owners).filter(run => run.dataset === 'fashion-mnist');
  const accuracies = (count: number) =>
    by(
      runs.filter(run => run.owners === count),
      'seed',
      'testAccuracy',
    );
  const [clean, marked] = [accuracies(0), accuracies(1)];
  assert.deepEqual([...clean.keys()].sort(), [0, 1, 2]);
  const { mean, standardError } = estimate(
    [...clean].map(([seed, accuracy]) => 100 * (accuracy - (marked.get(seed) ?? Number.NaN))),
  );
  const margin = studentQuantile(0.975, 2) * standardError;
  const [low, middle, high] = [mean - margin, mean, mean + margin].map(value => value.toFixed(2));
  await assertProse('02', `${middle} points (95 % interval ${low} to ${high})`);

  const eight = experimentRows('protocol', owners).filter(
    run => run.owners === 1 && Number(run.markRate) === 0.002,
  );
  const rates = [...by(eight, 'id', 'attackSuccessRate').values()].sort((a, b) => a - b);
  const ends = [rates[0], rates[7]].map(rate => (100 * rate).toFixed(0));
  await assertProse('02', `varies from ${ends[0]} to ${ends[1]} % between eight draws`);
});

test('02: engines side by side are as engines.csv says, and its WebAssembly as quick-owners.csv', async () => {
  const lines = await results('engines.csv');
  const quick = new Map((await results('quick-owners.csv')).map(row => [`${row.id} ${row.owner}`, row]));
  const twenty = lines.filter(line => line.rows === null); // of all training rows
  assert.equal(new Set(twenty.map(line => line.id)).size, 20);
  for (const line of twenty) {
    const row = quick.get(`${line.id} ${line.owner}`);
    assert.ok(Math.abs(Number(row?.attackSuccessRate) - Number(line.wasmRate)) < 1e-6, String(line.id));
    assert.ok(Math.abs(Number(row?.testAccuracy) - Number(line.wasmAccuracy)) < 1e-6, String(line.id));
  }
  const used = twenty.filter(line => Number(line.marked) > 0);
  const gap = (column: string) => (line: ResultRow) =>
    Math.abs(Number(line[`tensorflow${column}`]) - Number(line[`wasm${column}`]));
  const shared = used.filter(line => Number(line.owners) > 1);
  const turned = shared.filter(line => line.tensorflowTheorem !== line.wasmTheorem).length;
  assert.deepEqual([turned, shared.length], [11, 60]);
  const widest = shared.reduce((one, line) => (gap('Rate')(line) > gap('Rate')(one) ? line : one));
  const [wasm, native] = [widest.wasmRate, widest.tensorflowRate].map(rate =>
    (100 * Number(rate)).toFixed(1),
  );
  const accuracy = (100 * Math.max(...twenty.map(gap('Accuracy')))).toFixed(1);
  await assertProse('02', `from ${wasm} % on WebAssembly to ${native} % on native TensorFlow`);
  await assertProse('02', 'eleven of sixty verdicts', `on the small Location-30 by ${accuracy}`);
});

test('05 without a network: runs on the images that ship, and its assertions hold there', async () => {
  // prevents assertions that Location-30 alone supports: it is hidden here, wherever the tests run
  const empty = temporaryFolder();
  const hidden = { MIB_DATA_CACHE: empty, MIB_DATA_MIRROR: empty };
  const notebook = await executeNotebook(join(FOLDER, fileOf('05')), {
    env: { MIB_ENGINE: 'wasm', MIB_OUT: empty, ...hidden },
  });
  assert.match(outputOf(notebook), /No Location-30 .*: Fashion-MNIST instead/);
  assert.match(outputOf(notebook), /all claims of this notebook hold/);
});

test('08 quotes how often the older rule accepted', async () => {
  const rows = await results('claims.csv');
  const asking = rows.find(({ what }) => String(what).startsWith('asking until a hit'));
  await assertProse('08', `accepted in ${asking?.oldRule} of ${asking?.tries} tries`);
});
