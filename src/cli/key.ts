import type { Command } from 'commander';
import { QUICKNET, roundAfter, roundTime } from '../claim/beacon';
import { deriveGroup } from '../claim/derive';
import { createKey, type OwnerKey, type PlanChoices } from '../claim/key';
import { writeKey } from '../claim/key-file';
import { findLookAlikes, MOST_LOOK_ALIKES, percent } from '../claim/marks';
import { timeStampQuery } from '../claim/time-stamp';
import { readLimited, sha256, writeWhole } from '../files';
import type { Samples } from '../types';
import { loadSamples } from './inputs';
import { say } from './terminal';

interface Flags {
  readonly data: string;
  readonly probes: string;
  readonly key: string;
  readonly json?: boolean;
}

const DAY_MS = 86_400_000;

/** `mib key`: an owner's secrets and her commitment, before anything is marked. */
export function addKeyCommand(program: Command): void {
  program
    .command('key')
    .description('draw the secrets of a plan, and print the commitment to publish before the plan’s beacon')
    .argument(
      '<plan.json>',
      'marks, groups, queriesPerKey, control, test, alpha, leastAccuracy, beacon, classNames',
    )
    .requiredOption('--data <file or name>', 'the samples to be marked: a file of samples, or a data set')
    .requiredOption('--probes <file or name>', 'the samples to ask about, never published')
    .requiredOption('--key <file>', 'where to write the secrets: a new file')
    .option('--json', 'print commitment and plan as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  mib key plan.json --data fashion-mnist --probes fashion-mnist --key key.json',
    )
    .action(keyCommand);
}

async function keyCommand(path: string, flags: Flags): Promise<void> {
  const { classNames: named, ...choices } = readChoices(path);
  const [data, probes] = [await loadSamples(flags.data, 'train'), await loadSamples(flags.probes, 'test')];
  const classNames = named ?? data.classNames;
  if (classNames === undefined)
    throw new Error(
      `key: ${path} has no classNames, expected the names of the classes in the order of their labels`,
    );
  // by default the first round a day from now: time enough to publish the commitment
  const round = roundAfter(new Date(Date.now() + DAY_MS));
  const beacon = choices.beacon ?? { kind: 'drand', chain: QUICKNET.chain, round };
  const key = createKey({ classNames, train: data.samples, test: probes.samples }, { ...choices, beacon });
  if (beacon.kind === 'drand' && roundTime(beacon.round).getTime() <= Date.now())
    throw new Error(
      `key: round ${beacon.round} came out at ${roundTime(beacon.round).toISOString()}, expected one to come`,
    );
  requireVisible(key, data.samples);
  writeKey(flags.key, key);
  const query = `${flags.key}.tsq`;
  writeWhole(query, timeStampQuery(Buffer.from(key.commitment, 'hex')));
  if (flags.json) return say({ ...key.toJSON(), query });
  const due =
    beacon.kind === 'drand'
      ? `${roundTime(beacon.round).toISOString()} (drand round ${beacon.round})`
      : beacon.kind;
  say(`commitment ${key.commitment}
secrets     ${flags.key}: keep it, and show it to nobody
beacon      ${due}
Now publish the commitment where others see its date, or have it time-stamped, a minute before that at the latest:
  curl -H 'content-type: application/timestamp-query' --data-binary @${query} https://freetsa.org/tsr > ${flags.key}.tsr
After that: mib mark --key ${flags.key} --beacon fetch …`);
}

function readChoices(path: string): PlanChoices & { classNames?: readonly string[] } {
  let choices: object;
  try {
    choices = JSON.parse(readLimited('key', path, 2 ** 20).toString());
  } catch (error) {
    throw new Error(`key: ${path}: ${(error as Error).message}`);
  }
  for (const field of ['data', 'probes'])
    if (field in choices)
      throw new Error(`key: ${path} has ${field}, expected none: it follows from the options`);
  return choices as PlanChoices;
}

/** Throws where marks like these could not be told from the data by a verifier. */
function requireVisible({ plan }: OwnerKey, data: Samples): void {
  const { keys } = deriveGroup(plan, 0, sha256('a trial'), sha256('a trial'));
  const share = findLookAlikes(keys, data);
  if (share <= MOST_LOOK_ALIKES) return;
  throw new Error(
    `key: ${percent(share)} of the rows look as if they carried such a mark already, expected at most ` +
      `${percent(MOST_LOOK_ALIKES)}, or a verifier could not find them: use more opacity, noise, or larger triggers`,
  );
}
