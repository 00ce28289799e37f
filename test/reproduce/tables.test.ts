import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/notebook/root';
import { type ResultRow, readResults, rowsOf } from '../../src/reproduce/csv';
import type { ExperimentName } from '../../src/reproduce/experiments';
import { estimate, percentOf, settingsTable, summarizeSettings } from '../../src/reproduce/tables';

const row = (id: string, rest: ResultRow): ResultRow => ({
  ...{ id, dataset: 'd', markRate: 0.002, owners: 1, queries: 30, testAccuracy: 0.5, error: null },
  ...{ marked: 8, attackSuccessRate: 0.5, theoremRejected: 'true', binomialRejected: true },
  ...rest,
});

test('the standard error is that of R: sd(x) / sqrt(length(x))', () => {
  const { mean, standardError } = estimate([0.1, 0.2, 0.6]);
  assert.ok(Math.abs(mean - 0.3) < 1e-12);
  assert.ok(Math.abs(standardError - 0.1527525231651947) < 1e-12);
  assert.equal(percentOf(estimate([0.1, 0.2, 0.6])), '30.0 ± 15.3 %');
  assert.equal(percentOf(estimate([0.25])), '25.0 %');
  assert.equal(percentOf(estimate([])), '');
});

test('owners who share a model are one observation of its success rate', () => {
  // prevents a standard error that is too small by the square root of the number of owners
  const rows = ['a', 'b'].flatMap((id, i) =>
    [0.25, 0.75].map(rate => row(id, { attackSuccessRate: rate + i, testAccuracy: 0.5 + i / 4 })),
  );
  const [{ used, outsiders, testAccuracy, ids }] = summarizeSettings(rows);
  assert.deepEqual(ids, ['a', 'b']);
  assert.deepEqual(used?.attackSuccessRate, estimate([0.5, 1.5]));
  assert.deepEqual(testAccuracy, estimate([0.5, 0.75]));
  assert.deepEqual([used?.owners, used?.theorem, used?.binomial], [4, 4, 4]);
  assert.equal(outsiders, undefined);
});

test('a table shows as few settings as tell its lines apart, in order, and failures as such', () => {
  const rows = [
    row('a', { markRate: 0.01, triggerStart: 3 }),
    row('b', { markRate: 0.002, marked: 0, theoremRejected: false, binomialRejected: false }),
    row('c', { markRate: null, markCount: 10 }),
    row('d', { markRate: 0.05, error: 'no data', testAccuracy: null, marked: null }),
  ];
  const table = settingsTable(summarizeSettings(rows));
  assert.deepEqual(
    table.map(line => line.marked),
    ['0.2 %', '1 %', '5 %', '10 rows'],
  );
  const { accuracy, ASR, failed } = table[2];
  assert.deepEqual({ accuracy, ASR, failed }, { accuracy: '', ASR: '', failed: '1' });
  assert.equal(table[0]['Theorem 1, wrongly'], '0 of 1');
  assert.deepEqual(Object.keys(table[0]).slice(0, 2), ['marked', 'runs']);
});

test('every number of the README’s results comes from the committed files', async () => {
  const folder = join(ROOT, 'data', 'results');
  const owners = await readResults(join(folder, 'cpu-owners.csv'));
  const attacks = await readResults(join(folder, 'cpu-attacks.csv'));
  const torch = await readResults(join(folder, 'peer-torch.csv'));
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const says = (text: string) => assert.ok(readme.includes(text), `README.md does not say: ${text}`);
  const of = (name: ExperimentName, wanted: Record<string, string> = {}) =>
    summarizeSettings(rowsOf(name, owners)).filter(({ setting }) =>
      Object.entries(wanted).every(([column, value]) => setting[column] === value),
    );
  const percent = (rows: ResultRow[], column: string) =>
    percentOf(estimate(rows.map(each => Number(each[column]))));

  const settings = ['one owner, 0.2 %', 'one owner, 1 %', 'ten owners, 0.2 % each'];
  of('protocol').forEach(({ testAccuracy, used }, i) => {
    const peers = torch.filter(each => each.setting === settings[i].replace(' each', ''));
    const asr = [used ? percentOf(used.attackSuccessRate) : '', percent(peers, 'attackSuccessRate')];
    says(`| ${[settings[i], percentOf(testAccuracy), percent(peers, 'testAccuracy'), ...asr].join(' | ')} |`);
  });
  const lines = [
    ...['0.05 %', '0.1 %', '0.5 %', '1 %'].map(marked => of('share', { marked, rows: '' })[0]),
    ...of('one-owner', { dataset: 'cifar10', owners: '1' }),
  ];
  for (const { setting, testAccuracy, used } of lines) {
    assert.ok(used);
    const found = `${used.theorem} of ${used.owners}`;
    says(
      `| ${setting.marked} | ${percentOf(testAccuracy)} | ${percentOf(used.attackSuccessRate)} | ${found} |`,
    );
  }

  const images = await readResults(join(folder, 'peer-torch-images.csv'));
  const asr = (setting: string) => {
    const found = images.filter(each => each.setting === setting);
    return percent(found, 'attackSuccessRate');
  };
  const [, opaque, full] = of('one-owner', { dataset: 'cifar10', owners: '1' }).map(
    ({ used }) => used && percentOf(used.attackSuccessRate),
  );
  says(`gave ${asr('cifar10, 1 %')} instead of ${full}`);
  says(`${asr('cifar10, 0.1 %, opaque')} instead of ${opaque}`);

  const many = of('owners');
  const count = (value: (each: (typeof many)[0]) => number | undefined, from = many) =>
    from.reduce((sum, each) => sum + (value(each) ?? 0), 0);
  assert.ok(of('owners', { owners: '20' }).every(({ used }) => used?.theorem === used?.owners));
  says(`${of('protocol')[2].used?.theorem} of ${of('protocol')[2].used?.owners}`);
  const accused = count(each => each.outsiders?.theorem);
  says(`${accused} of ${count(each => each.outsiders?.owners)} owners whose data were not used`);
  const clean = of('one-owner', { owners: '0' });
  const innocent = count(each => each.outsiders?.theorem, clean);
  assert.equal(innocent, 0);
  says(`none of ${count(each => each.outsiders?.owners, clean)} outsiders`);
  const best = (dataset: string, rows: number) =>
    Math.max(
      ...attacks.filter(each => each.dataset === dataset && each.rows === rows).map(each => Number(each.auc)),
    );
  says(`best AUC ${best('fashion-mnist', 10_000).toFixed(2)}`);
  says(`(${best('fashion-mnist', 2000).toFixed(2)})`);
  says(`(${best('location30', 4000).toFixed(2)})`);
  const [file, random] = of('file-order').map(({ used }) => used && percentOf(used.attackSuccessRate));
  says(`from ${random?.replace(' %', '')} to ${file}`);
});

test('every rate of the README’s speed table comes from the committed file', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const lines = readFileSync(join(ROOT, 'data', 'results', 'speed.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const cases = lines.map(line => JSON.parse(line));
  const rate = (name: string, engine: RegExp) =>
    Math.max(
      ...cases
        .filter(each => each.name === name && engine.test(each.engine))
        .map(each => each.samplesPerSecond),
    );
  const text = (value: number) => (value < 100 ? value.toFixed(1) : value.toLocaleString('en'));
  for (const name of ['mlp', 'mlp pair', 'cnn', 'resnet18', 'location30']) {
    const [ours, theirs] = [rate(name, /wasm/), rate(name.replace(' pair', ''), /pytorch/)];
    const row = `| ${text(ours)} | ${text(theirs)} | ${(ours / theirs).toFixed(2)} |`;
    assert.ok(readme.includes(row), `README.md does not say: ${name} ${row}`);
  }
  const [mlp, torch, cnn] = cases.filter(each => each.ratio !== undefined);
  assert.ok(readme.includes(`${mlp.ratio} times as long as one (${mlp.fastestRatio} between the fastest)`));
  assert.ok(readme.includes(`${cnn.ratio.toFixed(2)} times; two`));
  assert.ok(readme.includes(`${torch.ratio} times (${torch.fastestRatio})`));
});
