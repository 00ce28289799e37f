import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parseEvidence } from '../claim/evidence';
import { type Replay, verifyEvidence } from '../claim/verify';
import { readSamples } from '../data/samples-file';
import { showProgress } from '../report/progress';
import type { BlackBox } from '../types';
import { loadProbes, toNumber } from './inputs';
import { readServicePlan, suspectAt } from './service';

interface Flags {
  readonly commitment?: string;
  readonly randomness?: string;
  readonly samples?: string;
  readonly probes?: string;
  readonly replay?: string | true;
  readonly url?: string;
  readonly plan?: string;
  readonly share: number;
  readonly noise: number;
  readonly seed?: number;
  readonly json?: boolean;
}

/** `mib verify`: checks an owner's claim, as a third party. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description(
      'check an owner’s claim from her evidence file; exit code 0 only if all that was checked holds',
    )
    .argument('<evidence.json>')
    .option('--commitment <hex>', 'the commitment as it was published beforehand')
    .option('--randomness <text>', 'the public randomness as its source published it')
    .option('--samples <file>', 'the data set as it was published (written by writeSamples)')
    .option('--probes <file or name>', 'the probes: a file of samples, or a data set to take the test set of')
    .option('--replay [folder]', 'ask a random part of the queries again: the model saved there, or at --url')
    .option('--url <address>', 'the model to ask again, with --plan as for mib probe')
    .option('--plan <file>', 'how the service at --url speaks')
    .option('--share <number>', 'the part to ask again', toNumber, 0.1)
    .option('--noise <number>', 'share of answers that the model is known to change each time', toNumber, 0)
    .option('--seed <number>', 'draws the queries to ask again (default: at random)', toNumber)
    .option('--json', 'print the checks as JSON')
    .action(verifyCommand);
}

async function verifyCommand(path: string, flags: Flags): Promise<void> {
  const { commitment, randomness, samples, probes, replay } = flags;
  const needsProbes = probes !== undefined || replay !== undefined;
  const verification = await verifyEvidence(path, {
    commitment,
    publicRandomness: randomness,
    published: samples === undefined ? undefined : readSamples(samples),
    probes: needsProbes ? dataset => loadProbes(probes ?? dataset) : undefined,
    replay: replay === undefined ? undefined : await replayOf(path, flags),
  });
  const { holds, checks } = verification;
  console.log(flags.json ? JSON.stringify({ holds, checks }) : String(verification));
  process.exitCode = holds ? 0 : 1;
}

async function replayOf(path: string, flags: Flags): Promise<Replay> {
  const { share, noise, seed = randomInt(2 ** 32) } = flags;
  return { box: await suspect(path, flags), share, noise, seed, onProgress: showProgress('asking again') };
}

async function suspect(path: string, { replay, url, plan }: Flags): Promise<BlackBox> {
  if (typeof replay === 'string') {
    // TensorFlow.js is loaded here alone: all else answers at once
    const [{ loadModel }, { localModel }] = [
      await import('../train/node/model-file.js'),
      await import('../probe/local.js'),
    ];
    return localModel(await loadModel(replay));
  }
  if (url === undefined || plan === undefined) {
    throw new Error('verify: expected --replay FOLDER, or --replay with --url and --plan');
  }
  const { classes } = parseEvidence('verify', readFileSync(path)).plan;
  return suspectAt(url, classes, readServicePlan(plan));
}
