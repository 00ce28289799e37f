import type { Command } from 'commander';
import { openBeacon } from '../claim/beacon';
import { deriveKeys, markWithKeys } from '../claim/key';
import { readKey } from '../claim/key-file';
import { checkMarks, percent } from '../claim/marks';
import { writeSamples } from '../data/samples-file';
import { writeWhole } from '../files';
import { beaconFile, loadSamples, proofOf } from './inputs';
import { say } from './terminal';

interface Flags {
  readonly key: string;
  readonly data: string;
  readonly beacon?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** `mib mark`: the marked copy of the data, once the plan's beacon is out. */
export function addMarkCommand(program: Command): void {
  program
    .command('mark')
    .description('mark the samples of a key, all groups, once its beacon is out')
    .requiredOption('--key <file>', 'written by mib key')
    .requiredOption('--data <file or name>', 'the samples that the key was made for')
    .option(
      '--beacon <file or fetch>',
      'drand’s JSON of the planned round, "fetch" to get it, or a source’s value',
    )
    .requiredOption('--out <file>', 'where to write the marked copy, which is to be published')
    .option('--json', 'print the result as JSON')
    .action(markCommand);
}

async function markCommand(flags: Flags): Promise<void> {
  const key = readKey(flags.key);
  const { plan } = key;
  const { samples } = await loadSamples(flags.data, 'train');
  const proof = await proofOf('mark', key, flags);
  const { randomness } = openBeacon(plan.beacon, proof);
  const groups = plan.groups.map((_, group) => deriveKeys(key, group, randomness));
  const { samples: marked, collisions } = markWithKeys(samples, groups.flat());
  // as a verifier will look at each group
  const found = groups.map(keys => checkMarks(plan, keys, marked));
  const lookAlikes = Math.max(...found.map(each => each.lookAlikes));
  const rows = found.reduce((sum, each) => sum + each.rows, 0);
  writeSamples(flags.out, marked);
  const beacon = beaconFile(flags.key);
  writeWhole(beacon, JSON.stringify(proof));
  if (flags.json) return say({ rows, groups: groups.length, lookAlikes, collisions, beacon });
  say(`${rows} rows of ${samples.count} marked for ${groups.length} groups: ${flags.out}
${percent(lookAlikes)} of the unmarked rows look marked by chance; ${collisions.pairs} pairs of triggers overlap
beacon kept in ${beacon}. Now publish the marked copy, and nothing else.`);
}
