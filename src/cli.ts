#!/usr/bin/env node
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { type DatasetName, loadDataset } from './data/load';
import { readSamples } from './data/samples-file';
import { verifyEvidence } from './report/verify';
import type { Samples } from './types';

const program = new Command('mib').description('Membership inference via backdooring');

interface VerifyFlags {
  commitment?: string;
  randomness?: string;
  samples?: string;
  probes?: string;
  replay?: string;
  share: number;
  noise: number;
  seed?: number;
}

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
  .option('--replay <folder>', 'ask the model saved there a random part of the queries again')
  .option('--share <number>', 'the part to ask again', toNumber, 0.1)
  .option('--noise <number>', 'share of answers that the model is known to change each time', toNumber, 0)
  .option('--seed <number>', 'draws the queries to ask again (default: at random)', toNumber)
  .action(async (path: string, flags: VerifyFlags) => {
    const { commitment, randomness, samples, replay } = flags;
    const needsProbes = flags.probes !== undefined || replay !== undefined;
    const verification = await verifyEvidence(path, {
      commitment,
      publicRandomness: randomness,
      published: samples === undefined ? undefined : readSamples(samples),
      probes: needsProbes ? dataset => loadProbes(flags.probes ?? dataset) : undefined,
      replay: replay === undefined ? undefined : await replayOf(replay, flags),
    });
    console.log(String(verification));
    process.exitCode = verification.holds ? 0 : 1;
  });

async function loadProbes(source: string): Promise<Samples> {
  return existsSync(source) ? readSamples(source) : (await loadDataset(source as DatasetName)).test;
}

/** TensorFlow.js is loaded here alone: all else answers at once. */
async function replayOf(folder: string, { share, noise, seed = randomInt(2 ** 32) }: VerifyFlags) {
  const [{ loadModel }, { localModel }] = [await import('./train/save.js'), await import('./probe/local.js')];
  return { box: localModel(await loadModel(folder)), share, noise, seed };
}

function toNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

program.parseAsync().catch((error: Error) => {
  console.error(`mib: ${error.message}`);
  process.exitCode = 1;
});
