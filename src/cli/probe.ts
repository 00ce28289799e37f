import type { Command } from 'commander';
import { writeEvidence } from '../claim/evidence';
import { deriveKeys, hashSamples } from '../claim/key';
import { readKey } from '../claim/key-file';
import { probeKeys } from '../claim/probe-keys';
import { readSamples } from '../data/samples-file';
import { keysSequentialTest } from '../decide/keys-sequential';
import { countVotes, randomizationTest } from '../decide/randomization';
import { untilInterrupted } from '../interrupt';
import { showProgress } from '../report/progress';
import { REFUSED } from '../types';
import { loadProbes } from './inputs';
import { readServicePlan, suspectAt } from './service';

interface Flags {
  readonly url: string;
  readonly key: string;
  readonly plan: string;
  readonly ledger?: string;
  readonly evidence?: string;
  readonly samples?: string;
  readonly json?: boolean;
}

/** `mib probe`: asks somebody's service about the probes of a key, and decides. */
export function addProbeCommand(program: Command): void {
  program
    .command('probe')
    .description('ask a suspect model behind an address about the probes of a key, and decide')
    .requiredOption('--url <address>', 'the model, e.g. http://localhost:8500/v2/models/suspect')
    .requiredOption('--key <file>', 'the owner’s key (written by writeKey)')
    .requiredOption(
      '--plan <file>',
      'how the service speaks: protocol, preprocess, answers, …; randomness; budget',
    )
    .option('--ledger <file>', 'keeps every answer; run again to go on (default: the key’s file + .ledger)')
    .option('--evidence <file>', 'write the evidence of the claim; reveals the secret, needs --samples')
    .option('--samples <file>', 'the data set as it was published (written by writeSamples)')
    .option('--json', 'print the result as JSON')
    .action(probeCommand);
}

async function probeCommand(flags: Flags): Promise<void> {
  const { url, json, ledger = `${flags.key}.ledger` } = flags;
  if ((flags.evidence === undefined) !== (flags.samples === undefined)) {
    throw new Error('probe: expected --evidence and --samples together');
  }
  const key = readKey(flags.key);
  const plan = readServicePlan(flags.plan);
  if (plan.randomness === undefined) {
    throw new Error(
      `probe: ${flags.plan} has no randomness, expected what "${key.plan.randomness}" published`,
    );
  }
  const { classes, alpha } = key.plan;
  const keys = deriveKeys(key, plan.randomness);
  const probes = await loadProbes(plan.probes ?? key.plan.dataset);
  if (hashSamples(probes) !== key.plan.probes.sha256) {
    throw new Error('probe: probes are not those that the key was made with, expected the same samples');
  }

  const sequential = keysSequentialTest({ classes, alpha });
  const ask = (signal: AbortSignal) =>
    probeKeys(suspectAt(url, classes, plan), probes, keys, {
      ...plan,
      ledger,
      signal,
      onKey: (answers, { target }) => sequential.update(countVotes(answers, classes), target).eValue,
      onProgress: showProgress('probing'),
    });
  const probing = await untilInterrupted(ask, new Error('interrupted; run again to go on'));

  const votes = probing.answers.map(answers => countVotes(answers, classes));
  const targets = keys.map(({ target }) => target);
  const decision = randomizationTest({ votes, targets, alpha });
  if (flags.evidence !== undefined && flags.samples !== undefined) {
    const { randomness: publicRandomness } = plan;
    const published = readSamples(flags.samples);
    writeEvidence(flags.evidence, { key, publicRandomness, published, probes, probing });
  }
  const answers = probing.answers.flatMap(part => [...part]);
  const refused = answers.filter(answer => answer === REFUSED).length;
  const result = { url, queries: answers.length, hits: decision.statistic, refused, ...decision };
  console.log(json ? JSON.stringify(result) : `${decision}${refused > 0 ? ` (${refused} refused)` : ''}`);
}
