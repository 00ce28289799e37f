import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { useEngine } from '../../src/engine/node';
import { type Result, ResultsFile } from '../../src/reproduce/results';
import { type Run, runId } from '../../src/reproduce/run';
import { performAll } from '../../src/reproduce/run-all';
import { temporaryFolder } from '../fixtures';

const MAIN = join(__dirname, '../../src/reproduce/main.js');
const folder = temporaryFolder();
const env = { ...process.env, MIB_ENGINE: 'wasm', MIB_DATA_CACHE: folder, MIB_DATA_MIRROR: folder };

const run: Run = {
  dataset: 'fashion-mnist',
  split: 0,
  rows: 100,
  model: 'mlp',
  width: 8,
  epochs: 1,
  batchSize: 50,
  learningRate: 0.05,
  schedule: [],
  owners: 1,
  outsiders: 0,
  mark: { count: 5 },
  order: 'random',
  trigger: { family: 'square', pattern: 'white', size: 3, row: 25, column: 25, opacity: 1 },
  target: 1,
  queries: [10],
  seed: 0,
};
const runs: Run[] = [
  { ...run, rows: 200, owners: 2, outsiders: 2, target: 'distinct', shadows: 2 },
  ...Array.from({ length: 7 }, (_, i) => ({ ...run, seed: i + 1 })),
];

function arguments_(name: string, list: readonly unknown[]): { out: string; words: string[] } {
  const [file, out] = [join(folder, `${name}.json`), join(folder, `${name}.jsonl`)];
  writeFileSync(file, JSON.stringify(list));
  return { out, words: [MAIN, '--runs', file, '--out', out, '--workers', '2'] };
}

const reproduce = (words: string[]) => spawnSync(process.execPath, words, { env, encoding: 'utf8' });
/** The number of lines without the first, which says what the file is. */
const lines = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 2 : 0);
const resultsIn = (path: string) => {
  const file = new ResultsFile(path);
  file.close();
  return file.results;
};
const read = (path: string) => [...resultsIn(path).values()];
/** What has to be the same whenever and in whatever order the runs were done. */
const findings = (results: Result[]) =>
  results
    .map(({ id, run, outcome, error }) => ({ id, run, outcome, error }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

async function startAndAwaitLines(words: string[], out: string, count: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, words, { env, stdio: 'ignore' });
  while (lines(out) < count && child.exitCode === null) await sleep(5);
  return child;
}

test('killed half-way and started again, it ends with the results of an uninterrupted run', async () => {
  const whole = arguments_('whole', runs);
  assert.equal(reproduce(whole.words).status, 0);
  assert.equal(lines(whole.out), runs.length);

  const killed = arguments_('killed', runs);
  const child = await startAndAwaitLines(killed.words, killed.out, 2);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const before = readFileSync(killed.out, 'utf8');
  const done = lines(killed.out);
  assert.ok(done >= 2 && done < runs.length, `${done} of ${runs.length} runs were done`);
  appendFileSync(killed.out, '{"id":"0123'); // a line that the kill tore

  const again = reproduce(killed.words);
  assert.equal(again.status, 0, again.stderr);
  assert.match(again.stderr, /dropped the torn last line/);
  assert.match(again.stderr, new RegExp(`${runs.length} runs, ${done} done before`));
  assert.ok(readFileSync(killed.out, 'utf8').startsWith(before)); // nothing that was done is done again
  assert.equal(lines(killed.out), runs.length);
  assert.deepEqual(findings(read(killed.out)), findings(read(whole.out)));
});

// A checkpoint that is ignored costs days, one that is left behind fills the disk.
test('the state of a training is kept while its run is under way, and removed with its result', async () => {
  await useEngine('wasm');
  const results = new ResultsFile(join(folder, 'kept.jsonl'));
  const long = { ...run, rows: 1000, epochs: 10 };
  const path = join(folder, 'kept.checkpoints', runId(long), 'wasm', '0', 'checkpoint.json');
  let kept = 0;
  const onProgress = () => {
    if (existsSync(path)) kept = JSON.parse(readFileSync(path, 'utf8')).epochs.length;
  };
  const options = { command: '', workers: 1, seconds: 0, onProgress };
  assert.deepEqual(await performAll([long], results, options), { succeeded: 1, failed: 0 });
  results.close();
  assert.ok(kept >= 1, 'no state was kept');
  assert.equal(existsSync(join(folder, 'kept.checkpoints')), false);
});

test('Ctrl-C gives up the runs under way and no others', async () => {
  const { out, words } = arguments_('interrupted', runs);
  const child = await startAndAwaitLines(words, out, 1);
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 130);
  const done = read(out);
  assert.ok(done.length >= 1 && done.length < runs.length && done.every(({ outcome }) => outcome));
});

test('a run that fails is recorded, stops no other, and is tried again', () => {
  const bad: Run[] = [
    { ...run, mark: { count: 100 } },
    { ...run, dataset: 'purchase100', rows: undefined },
  ];
  const { out, words } = arguments_('failing', [...bad, run]);
  const first = reproduce(words);
  assert.equal(first.status, 1);
  const results = resultsIn(out);
  assert.match(String(results.get(runId(bad[0]))?.error), /markForOwners: count is 100, expected at most/);
  assert.match(String(results.get(runId(bad[1]))?.error), /dataset_purchase.tgz/);
  assert.ok(results.get(runId(run))?.outcome);
  assert.match(reproduce(words).stderr, /3 runs, 1 done before/);
  assert.equal(lines(out), 5);
});

test('shards together give what one machine gives, and their files can be written one after the other', () => {
  const outs = ['1/2', '2/2'].map(shard => {
    const { out, words } = arguments_(`shard-${shard[0]}`, runs.slice(1, 6));
    assert.equal(reproduce([...words, '--shard', shard]).status, 0);
    return out;
  });
  const merged = join(folder, 'merged.jsonl');
  for (const out of outs) appendFileSync(merged, readFileSync(out));
  const whole = read(join(folder, 'whole.jsonl'));
  const expected = findings(whole).filter(({ id }) => runs.slice(1, 6).some(one => runId(one) === id));
  assert.deepEqual(findings(read(merged)), expected);
});

test('a damaged results file, or one of an earlier version, is refused, the line named', () => {
  const { out, words } = arguments_('damaged', [run]);
  const [first, line] = readFileSync(join(folder, 'whole.jsonl'), 'utf8').split('\n');
  const refused = (content: string, message: RegExp) => {
    writeFileSync(out, content);
    const { status, stderr } = reproduce(words);
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.equal(readFileSync(out, 'utf8'), content);
  };
  refused(`${first}\n{"id":"x"}\n`, /damaged\.jsonl:2:/);
  // a result that somebody moved to other settings
  refused(`${first}\n${line.replace('"count":5', '"count":6')}\n`, /jsonl:2: .*not that of the run/);
  // what to put before results of an earlier version is said
  refused(`${line}\n`, /jsonl:1: .* expected \{"format":"mib-results","version":1,"about":\{\}\} there/);
  assert.equal(JSON.stringify(JSON.parse(first)), '{"format":"mib-results","version":1,"about":{}}');
  // a file of somebody else without a final line end
  refused('{"my": "notes"}', /damaged\.jsonl:1: this is no mib-results file/);
});

test('wrong settings are named, before anything is run', () => {
  const { words } = arguments_('wrong', [{ ...run, epochs: 0 }]);
  assert.match(reproduce(words).stderr, /checkRuns: runs\.0\.epochs is 0/);
  assert.match(
    reproduce([MAIN, '--experiment', 'owner']).stderr,
    /experiment is owner, expected all or some of one-owner/,
  );
});

test('--slurm --dry-run prints a job array of the same command and submits nothing', () => {
  const { status, stdout } = reproduce([
    MAIN,
    '--slurm',
    '--dry-run',
    '--shards',
    '4',
    '--experiment',
    'owners',
  ]);
  assert.equal(status, 0);
  assert.match(stdout, /^#SBATCH --array=0-3$/m);
  assert.match(stdout, /^exec .*main\.js --experiment owners --profile quick .*--shard 4$/m);
});
