#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { Command } from 'commander';
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
  .action(async (path: string, flags: VerifyFlags) => {
    const { commitment, randomness, samples, probes } = flags;
    const verification = await verifyEvidence(path, {
      commitment,
      publicRandomness: randomness,
      published: samples === undefined ? undefined : readSamples(samples),
      probes: probes === undefined ? undefined : () => loadProbes(probes),
    });
    console.log(String(verification));
    process.exitCode = verification.holds ? 0 : 1;
  });

async function loadProbes(source: string): Promise<Samples> {
  return existsSync(source) ? readSamples(source) : (await loadDataset(source as DatasetName)).test;
}

program.parseAsync().catch((error: Error) => {
  console.error(`mib: ${error.message}`);
  process.exitCode = 1;
});
