import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { clopperPearson } from '../src/decide/interval';
import { ROOT } from '../src/paths';
import { byModel, clusteredMean } from '../src/reproduce/clusters';
import { experimentRows, type ResultRow, readResults } from '../src/reproduce/csv';
import type { ExperimentName } from '../src/reproduce/experiments';
import { estimate, percentOf, type SettingSummary, summarizeSettings } from '../src/reproduce/tables';
import { compiled, mib, runNode } from './fixtures';
import { codeOf, README } from './readme';

const results = (name: string) => readResults(join(ROOT, 'data', 'results', name));
const says = (text: string) => assert.ok(README.includes(text), `README.md does not say: ${text}`);

/** The rows of the table whose first line begins with `head`, as lists of cells; an empty first cell repeats the last. */
function tableOf(head: string): string[][] {
  const [, ...lines] = README.slice(README.indexOf(`\n${head}`) + 1)
    .split('\n\n')[0]
    .split('\n');
  assert.ok(lines.length > 1, `README.md has no table that begins with ${head}`);
  return lines.slice(1).map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );
}

// every row is computed: a row that nobody can compute fails as well as a number that changed
test('the results are those of the committed files', async () => {
  const owners = await results('cpu-owners.csv');
  const torch = await results('peer-torch.csv');
  const of = (name: ExperimentName, wanted: Record<string, string> = {}) =>
    summarizeSettings(experimentRows(name, owners)).filter(({ setting }) =>
      Object.entries(wanted).every(([column, value]) => setting[column] === value),
    );
  const asr = ({ used }: SettingSummary) => (used ? percentOf(used.attackSuccessRate) : '');
  const percent = (rows: ResultRow[], column: string) =>
    percentOf(estimate(rows.map(each => Number(each[column]))));

  const settings = ['one owner, 0.2 %', 'one owner, 1 %', 'ten owners, 0.2 % each'];
  const protocol = of('protocol').map((setting, i) => {
    const ours = byModel(experimentRows('protocol', owners)).filter(([{ id }]) =>
      setting.ids.includes(String(id)),
    );
    const peers = torch.filter(each => each.setting === settings[i].replace(' each', ''));
    const difference = (column: string) => {
      const pairs = ours.map(model => {
        const mean = estimate(model.map(row => Number(row[column]))).mean;
        return 100 * (mean - Number(peers.find(({ seed }) => seed === model[0].seed)?.[column]));
      });
      assert.equal(pairs.length, 8);
      const { mean, standardError } = estimate(pairs);
      return `${mean.toFixed(2)} ± ${standardError.toFixed(2)}`;
    };
    const differences = ['testAccuracy', 'attackSuccessRate'].map(difference);
    return [settings[i], percentOf(setting.testAccuracy), asr(setting), ...differences];
  });
  assert.deepEqual(tableOf('| setting | accuracy | ASR'), protocol);

  const shares = ['0.05 %', '0.1 %', '0.5 %', '1 %'].map(marked => of('share', { marked, rows: '' })[0]);
  const [square] = of('trigger', { dataset: 'fashion-mnist', triggerOpacity: '0.3' });
  const [location] = of('share', { dataset: 'location30' });
  const [faint, opaque, full] = of('one-owner', { dataset: 'cifar10', owners: '1' });
  const lines = [...shares, square, location, faint, full, opaque].map(setting => [
    ...[setting.setting.marked, String(setting.ids.length)],
    ...[percentOf(setting.testAccuracy), asr(setting)],
    `${setting.used?.theorem} of ${setting.used?.owners}`,
  ]);
  assert.deepEqual(
    tableOf('| data, model | marked').map(([, ...cells]) => cells),
    lines,
  );
  says(
    `in ${location.used?.theorem} of 12 by Theorem 1, in ${location.used?.binomial} of 12 by the binomial`,
  );

  // pairs that differ in nothing but the marks
  const cost = (dataset: string) => {
    const models = byModel(experimentRows('one-owner', owners)).map(([first]) => first);
    const runs = models.filter(row => row.dataset === dataset);
    const pairs = runs
      .filter(row => row.owners === 0)
      .map(clean => {
        const marked = runs.find(row => row.owners === 1 && row.seed === clean.seed);
        return 100 * (Number(clean.testAccuracy) - Number(marked?.testAccuracy));
      });
    assert.equal(pairs.length, 3);
    const { mean, standardError } = estimate(pairs);
    return { mean, half: standardError * 4.302652729911275 }; // R: qt(0.975, 2)
  };
  const { mean, half } = cost('fashion-mnist');
  says(
    `cost ${mean.toFixed(2)} points (95 % interval ${(mean - half).toFixed(2)} to ${(mean + half).toFixed(2)}`,
  );
  says(`within ± ${cost('location30').half.toFixed(1)} points`);

  const images = await results('peer-torch-images.csv');
  const peer = (setting: string) =>
    percent(
      images.filter(each => each.setting === setting),
      'attackSuccessRate',
    );
  says(`gave ${peer('cifar10, 1 %')} instead of ${asr(full)}`);
  says(`${peer('cifar10, 0.1 %, opaque')} instead of ${asr(opaque)}`);

  const count = (value: (each: SettingSummary) => number | undefined, from: SettingSummary[]) =>
    from.reduce((sum, each) => sum + (value(each) ?? 0), 0);
  assert.ok(of('owners', { owners: '20' }).every(({ used }) => used?.theorem === used?.owners));
  says(`${of('protocol')[2].used?.theorem} of ${of('protocol')[2].used?.owners}`);
  const many = of('owners');
  const accused = count(each => each.outsiders?.theorem, many);
  says(`${accused} of ${count(each => each.outsiders?.owners, many)} owners whose data were not used`);
  const outsiders = experimentRows('owners', owners).filter(row => row.marked === 0);
  const accuses = (row: ResultRow) => Number(Number(row.theoremPValue) <= 0.05);
  const clustered = clusteredMean(
    byModel(outsiders).map(model => model.map(accuses)),
    { seed: 9 },
  );
  const [rate, low, high] = [clustered.mean, clustered.low, clustered.high].map(x => (100 * x).toFixed(1));
  says(`${rate} %, clustered by model ${low} to ${high} %`);
  const sharing = byModel(experimentRows('owners', owners)).flatMap(model => {
    const taken = new Set(model.filter(row => row.marked !== 0).map(row => row.label));
    return model.filter(row => row.marked === 0 && accuses(row) === 1 && taken.has(row.label));
  });
  assert.equal(sharing.length, accused);
  says(`All ${accused} drew the label of an owner`);
  const among = experimentRows('outsiders', owners).filter(row => row.marked === 0);
  says(`accuse ${among.filter(row => Number(row.decoyPValue) <= 0.05).length} of ${among.length}`);
  const clean = of('one-owner', { owners: '0' });
  assert.equal(
    count(each => each.outsiders?.theorem, clean),
    0,
  );
  const innocent = count(each => each.outsiders?.owners, clean);
  const [, most] = clopperPearson({ hits: 0, queries: innocent ?? 0, confidence: 0.95 });
  says(
    `0 of ${innocent} outsiders where nobody marked, which allows a rate of up to ${Math.round(100 * most)} %`,
  );
});

test('the speeds are those of the committed file', () => {
  const lines = readFileSync(join(ROOT, 'data', 'results', 'speed.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const cases = lines.map(line => JSON.parse(line));
  const rate = (name: string, engine: RegExp) => {
    const measured = cases.filter(each => each.name === name && engine.test(each.engine));
    return Math.max(...measured.map(each => each.samplesPerSecond));
  };
  const text = (value: number) => (value < 100 ? value.toFixed(1) : value.toLocaleString('en'));
  const rows = ['mlp', 'mlp pair', 'cnn', 'resnet18', 'location30'].map(name => {
    const [ours, theirs] = [rate(name, /wasm/), rate(name.replace(' pair', ''), /pytorch/)];
    return [text(ours), text(theirs), (ours / theirs).toFixed(2)];
  });
  assert.deepEqual(
    tableOf('| case | WebAssembly').map(([, ...cells]) => cells),
    rows,
  );
  const [mlp, torch, cnn] = cases.filter(each => each.ratio !== undefined);
  says(`${mlp.ratio} times as long as one (${mlp.fastestRatio} between the fastest)`);
  says(`${cnn.ratio.toFixed(2)} times; two`);
  says(`${torch.ratio} times (${torch.fastestRatio})`);
});

test('its program compiles as a user would compile it', () => {
  const [program] = codeOf('ts');
  const path = join(ROOT, 'readme.ts'); // not written: resolves `mib` as a file of this folder would
  const options: ts.CompilerOptions = {
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, strict: true, noEmit: true },
    ...{ moduleResolution: ts.ModuleResolutionKind.Bundler, skipLibCheck: true, types: ['node'] },
    preserveSymlinks: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = name => name === path || fileExists(name);
  host.getSourceFile = (name, version) =>
    name === path ? ts.createSourceFile(name, program, version) : getSourceFile(name, version);
  const errors = ts.getPreEmitDiagnostics(ts.createProgram([path], options, host));
  assert.deepEqual(
    errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    [],
  );
});

/** The commands of the README, a list of words each, without comments and line breaks. */
function commands(): string[][] {
  const blocks = codeOf('sh').flatMap(block => block.replace(/\\\n/g, ' ').split('\n'));
  const inline = [...README.replace(/```[\s\S]*?```/g, '').matchAll(/`((?:npm|npx|node) [^`]+)`/g)].map(
    m => m[1],
  );
  return [...blocks, ...inline]
    .map(line => line.replace(/(^|\s)#.*/, '').trim())
    .flatMap(line => line.split(/&&|;|\|/))
    .map(line => line.trim().split(/\s+/))
    .filter(words => words[0] !== '');
}

test('every command exists, with every option', async () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const all = commands();
  assert.ok(all.length > 8, 'the commands were not found');
  const help = new Map<string, string>();
  const options: [string, string[]][] = [];
  for (const [program, command, name, ...rest] of all) {
    const line = [program, command, name, ...rest].join(' ');
    if (program === 'node') assert.ok(existsSync(join(ROOT, command)), line);
    if (program === 'npm' && command === 'run') assert.ok(scripts[name], line);
    if (program === 'npm' && ['start', 'test'].includes(command)) assert.ok(scripts[command], line);
    if (program === 'npx' && command === 'mib') options.push([name, rest]);
    if (program === 'npm' && name === 'reproduce') options.push(['', rest.slice(1)]);
  }
  for (const [command, words] of options) {
    if (!help.has(command)) {
      const asked =
        command === ''
          ? await runNode([compiled('src/reproduce/main.ts'), '--help'])
          : await mib(command, '--help');
      assert.equal(asked.status, 0, `${command} ${asked.stderr}`);
      help.set(command, asked.stdout);
    }
    for (const word of words.filter(each => each.startsWith('--'))) {
      assert.match(String(help.get(command)), new RegExp(`${word}\\b`), `mib ${command} has no ${word}`);
    }
  }
});

test('every file that it links to exists', () => {
  const links = [...README.matchAll(/\]\(([^)#]+)/g)].map(m => m[1]).filter(link => !/^\w+:/.test(link));
  assert.ok(links.length > 10);
  assert.deepEqual(
    links.filter(link => !existsSync(join(ROOT, link))),
    [],
  );
});
