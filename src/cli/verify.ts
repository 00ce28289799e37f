import { join } from 'node:path';
import type { Command } from 'commander';
import { type Evidence, readEvidence } from '../claim/evidence';
import { commitmentOf } from '../claim/key-plan';
import { verdictPage } from '../claim/verdict-page';
import { checkEvidence, type VerifyOptions } from '../claim/verify';
import { readSamples } from '../data/samples-file';
import { readLimited, sha256, writeWhole } from '../files';
import { makeOutFolder } from '../paths';
import { ledgerIn } from '../probe/remote/ledger';
import { showProgress } from '../report/progress';
import { loadSamples, toDate, toNumber } from './inputs';
import { addSuspectOptions, type Suspect, type SuspectFlags, suspectOf } from './service';
import { interruptible, say } from './terminal';

interface Flags extends SuspectFlags {
  readonly commitment?: string;
  readonly seen?: Date;
  readonly tsaRoot?: readonly string[];
  readonly beaconValue?: string;
  readonly beaconTime?: Date;
  readonly published?: string;
  readonly probes?: string;
  readonly suspectSince?: Date;
  readonly group?: number;
  readonly alpha?: number;
  readonly claims?: number;
  readonly ledger?: string;
  readonly json?: boolean;
  readonly html?: string;
}

const EXIT = { HOLDS: 0, FAILS: 1, INCOMPLETE: 2 };

/** `mib verify`: checks an owner's claim, as a third party who trusts nothing in the file. */
export function addVerifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .description(
      'check an owner’s claim: exit code 0 HOLDS, 2 INCOMPLETE, 1 FAILS, 3 wrong usage or unreadable file',
    )
    .argument('<evidence.json>')
    .option('--commitment <hex>', 'the commitment as it was published beforehand')
    .option('--seen <moment>', 'when you saw it published, e.g. 2026-01-31T12:00:00Z', toDate)
    .option('--tsa-root <files...>', 'root certificates of time-stamping authorities that you trust')
    .option(
      '--beacon-value <hex>',
      'what the source of the plan’s beacon published, where that is no drand round',
    )
    .option('--beacon-time <moment>', 'when it did', toDate)
    .option('--published <file>', 'the data as they were published, obtained by yourself')
    .option('--probes <file or name>', 'the probes of the plan: a file of samples, or a data set')
    .option('--suspect-since <moment>', 'when the suspect is known to have existed', toDate)
    .option('--group <number>', 'which of the opened groups to ask, where there are several', toNumber)
    .option(
      '--alpha <number>',
      'your significance level; the plan’s counts where it is smaller (default: 0.01)',
      toNumber,
    )
    .option(
      '--claims <number>',
      'the room that you require (default: 1 with --commitment, else 10000)',
      toNumber,
    );
  addSuspectOptions(command)
    .option(
      '--ledger <file>',
      'keeps the answers; run again to go on (default: in out/, by claim and suspect)',
    )
    .option('--html <file>', 'write the verdict as a page for people')
    .option('--json', 'print the verdict as JSON')
    .action(verifyCommand);
}

async function verifyCommand(path: string, flags: Flags): Promise<void> {
  const evidence = readEvidence('verify', path);
  requireEffect(flags, evidence);
  const suspect = await suspectOf('verify', flags, evidence.plan.data.classNames);
  const { commitment, seen, beaconValue, beaconTime, suspectSince, group, alpha, claims } = flags;
  const brought: VerifyOptions = {
    commitment: commitment !== undefined && seen ? { value: commitment, seen } : undefined,
    roots: flags.tsaRoot?.map(file => readLimited('verify', file, 65_536)),
    beacon: beaconValue !== undefined && beaconTime ? { value: beaconValue, time: beaconTime } : undefined,
    published: flags.published ? readSamples(flags.published) : undefined,
    probes: flags.probes ? (await loadSamples(flags.probes, 'test')).samples : undefined,
    suspect: suspect?.box,
    ...{ suspectSince, group, alpha, claims },
  };
  const asking = suspect && askingOf(suspect, evidence, flags);
  const verification = await interruptible(signal =>
    checkEvidence(evidence, { ...brought, asking: { ...asking, signal } }),
  );
  if (flags.html !== undefined) writeWhole(flags.html, verdictPage(verification));
  say(flags.json ? verification : String(verification));
  process.exitCode = EXIT[verification.outcome];
}

/** Throws for an option that would change nothing. */
function requireEffect(flags: Flags, { plan: { beacon }, token }: Evidence): void {
  const together = (one: keyof Flags, other: keyof Flags) => {
    if ((flags[one] === undefined) !== (flags[other] === undefined))
      throw new Error(`verify: expected --${dashed(one)} and --${dashed(other)} together`);
  };
  together('commitment', 'seen');
  together('beaconValue', 'beaconTime');
  const asked = flags.service !== undefined || flags.url !== undefined || flags.model !== undefined;
  if (asked !== (flags.probes !== undefined))
    throw new Error('verify: expected --probes together with --service and --url, or with --model');
  const needs: [keyof Flags, boolean, string][] = [
    ['tsaRoot', token !== undefined, 'the file holds no time stamp'],
    ['beaconValue', beacon.kind === 'value', `the beacon is of kind ${beacon.kind}`],
    ['suspectSince', beacon.kind !== 'rehearsal', 'the beacon is a rehearsal'],
    ...(['alpha', 'claims', 'ledger'] as const).map(
      name => [name, asked, 'no suspect is asked'] satisfies [keyof Flags, boolean, string],
    ),
  ];
  for (const [name, effect, why] of needs)
    if (flags[name] !== undefined && !effect)
      throw new Error(`verify: --${dashed(name)} has no effect, for ${why}`);
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}

function askingOf({ box, asking }: Suspect, { plan, opened }: Evidence, { group, ledger }: Flags) {
  // never beside the evidence, whose sender could have laid a ledger there
  const name = sha256(JSON.stringify([commitmentOf(plan), group ?? opened[0].group, box.name])).slice(0, 16);
  const file = ledger ?? join(makeOutFolder('verify'), `verify-${name}.ledger`);
  const onProgress = showProgress('asking');
  return { ...asking, ledger: ledgerIn(file), onProgress };
}
