#!/usr/bin/env node
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeWhole } from '../files';
import { untilInterrupted } from '../interrupt';
import { makeOutFolder, outFolder, ROOT } from '../paths';
import { showProgress } from '../report/progress';
import { showTable } from '../report/table';
import { experimentRows, type ResultRow, resultRows, toCsv } from './csv';
import { EXPERIMENT_NAMES, type ExperimentName, PROFILES, type Profile, runsOf } from './experiments';
import { ResultsFile } from './results';
import { checkRuns, type Run } from './run';
import { performAll } from './run-all';
import { parseShard, slurmScript, takeShard } from './shard';
import { attacksTable, settingsTable, summarizeSettings } from './tables';

interface Flags {
  experiment: string;
  profile: Profile;
  runs?: string;
  out?: string;
  shard?: string;
  workers?: number;
  csv?: string;
  slurm?: boolean;
  shards: number;
  dryRun?: boolean;
}

/** Flags that say how to run here. */
const HERE = ['out', 'shard', 'csv'];
const program = new Command('reproduce')
  .description('Runs the experiments of the paper. Results are kept: what is done is not done again.')
  .option('--experiment <names>', `one or more of ${EXPERIMENT_NAMES.join(', ')}, by commas`, 'all')
  .addOption(new Option('--profile <size>', 'size').choices([...PROFILES]).default('quick'))
  .option('--runs <file>', 'runs of your own instead, a list of records in JSON')
  .option('--out <file>', 'results, one JSON object a line (default: out/reproduce/PROFILE.jsonl)')
  .option('--shard <i/n>', 'one part of the runs; n alone takes the part from Slurm or Kubernetes')
  .option('--workers <n>', 'runs at the same time (default: number of processor cores)', positive)
  .option('--csv <folder>', 'when done, write all results there as tables')
  .addOption(new Option('--slurm', 'submit a job array to Slurm instead of running here').conflicts(HERE))
  .option('--shards <n>', 'size of that array', positive, 16)
  .option('--dry-run', 'say what would be run or submitted')
  .action(reproduce);

program.parseAsync().catch((error: Error) => {
  console.error(`reproduce: ${error.message}`);
  process.exitCode = 1;
});

async function reproduce(flags: Flags): Promise<void> {
  if (flags.slurm) return submit(flags);
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard, process.env);
  const runs = shard === undefined ? chosenRuns(flags) : takeShard(chosenRuns(flags), shard);
  if (flags.dryRun) {
    for (const run of runs) console.log(JSON.stringify(run));
    return;
  }
  const part = shard === undefined ? '' : `-${shard.index + 1}-of-${shard.of}`;
  const out = flags.out ?? join(outFolder(), 'reproduce', `${flags.profile}${part}.jsonl`);
  const results = new ResultsFile(resolve(out));
  try {
    const done = runs.filter(run => results.has(run)).length;
    console.error(`${runs.length} runs, ${done} done before; results: ${results.path}`);
    const { succeeded, failed, aborted } = await untilInterrupted(async signal => {
      const counts = await performAll(runs, results, {
        command: ['npm run reproduce --', ...process.argv.slice(2)].join(' '),
        workers: flags.workers,
        signal,
        onProgress: showProgress('reproduce'),
        onResult: (id, seconds, error) => {
          // where there is no bar: a batch job's log
          if (!process.stderr.isTTY || error)
            console.error(`${id} ${error ?? 'done'} (${seconds.toFixed(0)} s)`);
        },
      });
      return { ...counts, aborted: signal.aborted };
    });
    const { owners, attacks } = resultRows(results.results.values(), flags.profile);
    if (flags.csv !== undefined) writeTables(flags.csv, flags.profile, { owners, attacks });
    if (flags.runs === undefined) showTables(namesOf(flags), owners, attacks);
    const interrupted = aborted ? ', interrupted: the same command goes on' : '';
    console.error(`${succeeded} runs succeeded, ${failed} failed${interrupted}`);
    process.exitCode = aborted ? 130 : failed > 0 ? 1 : 0;
  } finally {
    results.close();
  }
}

function chosenRuns(flags: Flags): Run[] {
  if (flags.runs !== undefined) return checkRuns(JSON.parse(readFileSync(flags.runs, 'utf8')));
  return namesOf(flags).flatMap(name => runsOf(name, flags.profile));
}

function namesOf({ experiment }: Flags): ExperimentName[] {
  const names = experiment === 'all' ? EXPERIMENT_NAMES : experiment.split(',');
  const unknown = names.find(name => !EXPERIMENT_NAMES.includes(name as ExperimentName));
  if (unknown !== undefined) {
    throw new Error(`experiment is ${unknown}, expected all or some of ${EXPERIMENT_NAMES.join(', ')}`);
  }
  return names as ExperimentName[];
}

function writeTables(folder: string, profile: Profile, tables: Record<string, ResultRow[]>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, rows] of Object.entries(tables)) {
    if (rows.length > 0) writeWhole(join(folder, `${profile}-${name}.csv`), toCsv(rows));
  }
}

/** What each experiment came to so far, on standard output. */
function showTables(
  names: readonly ExperimentName[],
  owners: readonly ResultRow[],
  attacks: readonly ResultRow[],
): void {
  for (const name of names) {
    const [probed, inferred] = [experimentRows(name, owners), experimentRows(name, attacks)];
    if (probed.length > 0) showTable(settingsTable(summarizeSettings(probed)), { caption: `\n${name}` });
    if (inferred.length > 0) showTable(attacksTable(inferred), { caption: `\n${name}, without marks` });
  }
}

/** Hands the same command to Slurm, a shard to each job of an array. */
function submit({ experiment, profile, runs, shards, workers, dryRun }: Flags): void {
  const what = runs === undefined ? ['--experiment', experiment] : ['--runs', resolve(runs)];
  const command = [process.execPath, __filename, ...what, '--profile', profile];
  const cores = workers ?? availableParallelism();
  const script = slurmScript({
    command: [...command, '--workers', String(cores)],
    shards,
    folder: ROOT,
    logs: resolve(outFolder()),
    cores,
  });
  if (dryRun) return void process.stdout.write(script);
  makeOutFolder('reproduce');
  console.log(execFileSync('sbatch', [], { input: script, encoding: 'utf8' }).trim());
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('expected a positive integer');
  return Number(text);
}
