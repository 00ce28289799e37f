import type { Command } from 'commander';
import { openBeacon } from '../claim/beacon';
import { deriveGroup } from '../claim/derive';
import { recordOf } from '../claim/evidence';
import { requireProbes } from '../claim/key';
import { readKey } from '../claim/key-file';
import { probeKeys } from '../claim/probe-keys';
import { decideGroup } from '../claim/questions';
import { keysSequentialTest } from '../decide/keys-sequential';
import { countVotes } from '../decide/randomization';
import { writeWhole } from '../files';
import { ledgerIn } from '../probe/remote/ledger';
import { showProgress } from '../report/progress';
import { loadSamples, proofOf, toNumber } from './inputs';
import { addSuspectOptions, type SuspectFlags, suspectOf } from './service';
import { Failure, interruptible, say } from './terminal';

interface Flags extends SuspectFlags {
  readonly key: string;
  readonly group: number;
  readonly beacon?: string;
  readonly probes: string;
  readonly ledger?: string;
  readonly record?: string;
  readonly json?: boolean;
}

/** `mib probe`: the owner screens a suspect with one group of her key. No secret leaves the key file. */
export function addProbeCommand(program: Command): void {
  const command = program
    .command('probe')
    .description('screen a suspect with one group of a key; the group is spent, the others stay unseen')
    .requiredOption('--key <file>', 'written by mib key')
    .option('--group <number>', 'which group to ask', toNumber, 0)
    .option('--beacon <file or fetch>', 'as for mib mark (default: what mib mark kept)')
    .requiredOption('--probes <file or name>', 'the probes of the key');
  addSuspectOptions(command)
    .option(
      '--ledger <file>',
      'keeps every answer; run again to go on (default: the key’s file + .GROUP.ledger)',
    )
    .option('--record <file>', 'write the answers, for mib claim; holds no secret')
    .option('--json', 'print the result as JSON')
    .action(probeCommand);
}

async function probeCommand(flags: Flags): Promise<void> {
  const { group } = flags;
  const key = readKey(flags.key);
  const { plan } = key;
  const { randomness } = openBeacon(plan.beacon, await proofOf('probe', key, flags));
  const { keys, control } = deriveGroup(plan, group, key.reveal(group), randomness);
  const { samples: probes } = await loadSamples(flags.probes, 'test');
  requireProbes('probe', plan, probes);
  const { classNames } = plan.data;
  const suspect = await suspectOf('probe', flags, classNames);
  if (suspect === undefined) throw new Error('probe: expected --service with --url, or --model');

  const sequential = keysSequentialTest({ classes: classNames.length, alpha: plan.alpha });
  const ask = (signal: AbortSignal) =>
    probeKeys(suspect.box, probes, keys, {
      ...suspect.asking,
      control,
      sequential: plan.test === 'keys-sequential' ? sequential : undefined,
      ledger: ledgerIn(flags.ledger ?? `${flags.key}.${group}.ledger`),
      signal,
      onProgress: showProgress('probing'),
    });
  const probing = await interruptible(ask).catch((error: Error) => {
    throw new Failure(error.message);
  });

  const votes = probing.answers.map(answers => [...countVotes(answers, classNames.length)]);
  const decision = decideGroup(plan, {
    votes,
    targets: keys.slice(0, votes.length).map(({ target }) => target),
  });
  const right = probing.control.filter((label, i) => label === probes.y[control[i]]).length;
  if (flags.record !== undefined) writeWhole(flags.record, JSON.stringify(recordOf(group, probing)));
  const { refused, sent } = probing;
  const accuracy = right / control.length;
  if (flags.json) return say({ group, ...decision, accuracy, refused, sent });
  say(`${decision}
${sent} questions sent, ${refused} refused, accuracy without triggers ${(100 * accuracy).toFixed(1)} %
${
  decision.rejected
    ? 'Now open a group that was never asked, for the verifier alone: mib claim --group …'
    : 'No evidence; that is no acquittal.'
}`);
}
