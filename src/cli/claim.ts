import type { Command } from 'commander';
import { type OwnRecord, writeEvidence } from '../claim/evidence';
import { readKey } from '../claim/key-file';
import { readLimited } from '../files';
import { proofOf, toNumber } from './inputs';
import { say } from './terminal';

interface Flags {
  readonly key: string;
  readonly group: number;
  readonly beacon?: string;
  readonly token?: string;
  readonly suspect: string;
  readonly record?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** `mib claim`: opens one group of a key into an evidence file. */
export function addClaimCommand(program: Command): void {
  program
    .command('claim')
    .description(
      'open one group of a key, best one that was never asked, into an evidence file for a verifier',
    )
    .requiredOption('--key <file>', 'written by mib key')
    .requiredOption('--group <number>', 'which group to open', toNumber)
    .option('--beacon <file or fetch>', 'as for mib mark (default: what mib mark kept)')
    .option('--token <file>', 'the reply of the time-stamping authority (.tsr)')
    .requiredOption('--suspect <name>', 'names the model for the reader, e.g. by its address')
    .option('--record <file>', 'add the answers of mib probe; they are shown, never counted')
    .requiredOption('--out <file>', 'where to write the evidence')
    .option('--json', 'print what was opened as JSON')
    .action(claimCommand);
}

async function claimCommand(flags: Flags): Promise<void> {
  const { group, suspect } = flags;
  const key = readKey(flags.key);
  const beacon = await proofOf('claim', key, flags);
  const token = flags.token === undefined ? undefined : readLimited('claim', flags.token, 65_536);
  const record: OwnRecord | undefined =
    flags.record === undefined
      ? undefined
      : JSON.parse(readLimited('claim', flags.record, 2 ** 22).toString());
  writeEvidence(flags.out, { key, groups: [group], beacon, token, suspect, record });
  const { commitment } = key;
  if (flags.json) return say({ evidence: flags.out, commitment, group, suspect });
  say(`group ${group} of ${key.plan.groups.length} is open: ${flags.out}
commitment ${commitment}
${
  record?.group === group
    ? 'This group was asked before: the suspect may know its questions. Better open another.\n'
    : ''
}Give the file and the probes to the verifier alone: with it anybody can make a marked model answer as she likes.`);
}
