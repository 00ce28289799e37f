import { checksOf } from '../check';
import { type Decision, short } from '../decide/decision';
import type { BlackBox, Samples } from '../types';
import { openBeacon } from './beacon';
import { deriveGroup, type Group } from './derive';
import { type Evidence, readEvidence } from './evidence';
import { hashSecret } from './key';
import { commitmentOf } from './key-plan';
import { checkMarks, percent } from './marks';
import { askGroup, decideGroup, type VerifierAsking } from './questions';
import { ForeignAuthorityError, stampedBefore, verifyTimeStamp } from './time-stamp';
import { type Answers, type Check, type Claim, rate, type Verification, verdict } from './verdict';

/** How much older than the beacon's value a commitment has to be. */
const MARGIN_MS = 60_000;

/** More refusals than this, and a claim that is not significant stays open. */
const MOST_REFUSED = 0.2;

/** What the verifier brings. Without a part of it the steps that need it are not made. */
export interface VerifyOptions {
  /** The commitment as it was published, and when she saw it published. */
  readonly commitment?: { readonly value: string; readonly seen: Date };
  /** Root certificates of time-stamping authorities that she trusts, PEM or DER. */
  readonly roots?: readonly (Uint8Array | string)[];
  /** Where the plan's beacon is a `value`: what its source published, and when. */
  readonly beacon?: { readonly value: string; readonly time: Date };
  /** The data set as it was published, marked rows included; obtained by herself. */
  readonly published?: Samples;
  /** The probes that the plan names, labels included. */
  readonly probes?: Samples;
  /** The suspect model, obtained by herself; its labels are those of the plan's class names. */
  readonly suspect?: BlackBox;
  /** When the suspect is known to have existed: keys that are younger cannot be in it. */
  readonly suspectSince?: Date;
  /** How the suspect is asked; `ledger` keeps the answers. */
  readonly asking?: VerifierAsking;
  /** Which of the opened groups she asks. Default: the only one. */
  readonly group?: number;
  /** Her significance level. Default 0.01; the plan's counts where it is smaller. */
  readonly alpha?: number;
  /**
   * The room that she requires. Default: 1 where she brings the published commitment, else 10,000: a time stamp
   * proves age, and not that there is only one.
   */
  readonly claims?: number;
}

/**
 * Checks an owner's claim. Nothing that the owner wrote is trusted, nothing is looked up on a network, and only the
 * answers to the verifier's own questions count.
 *
 * 1. The secret, the beacon's value and the age of the commitment: the keys were fixed by nobody's choice.
 * 2. The published rows carry the marks.
 * 3. The suspect answers her questions, with and without triggers in one random order, once each.
 * 4. Without triggers it is accurate enough for its answers to be labels of the plan.
 * 5. With triggers it names the keys' labels more often than chance allows, with room for alternatives.
 *
 * @returns HOLDS if every step was made and holds, FAILS if something contradicts the claim, else INCOMPLETE
 * @throws if the file is unreadable or no evidence of this version, or an argument is wrong
 */
export async function verifyEvidence(path: string, options: VerifyOptions = {}): Promise<Verification> {
  return checkEvidence(readEvidence('verifyEvidence', path), options);
}

/** What a step found; with `next`, even an empty one, the step could not be made. */
interface Finding<T> {
  readonly value: T;
  readonly detail: string;
  readonly next?: string;
}

/** {@link verifyEvidence} of a file's contents. */
export async function checkEvidence(evidence: Evidence, options: VerifyOptions = {}): Promise<Verification> {
  const check = checksOf('verifyEvidence');
  const { plan } = evidence;
  const { group, secret } = openedGroup(evidence, options.group);
  const alpha = check.number('alpha', options.alpha ?? 0.01, '(0, 1)');
  const wanted = options.claims === undefined ? undefined : check.integer('claims', options.claims, 1);
  const commitment = commitmentOf(plan);

  const checks: Check[] = [];
  const step = async <T>(name: Check['name'], make: () => Finding<T> | Promise<Finding<T>>) => {
    try {
      const { value, detail, next } = await make();
      checks.push({ name, outcome: next === undefined ? 'holds' : 'not checked', detail, next });
      return value;
    } catch (error) {
      if (options.asking?.signal?.aborted) throw error;
      checks.push({ name, outcome: 'FAILS', detail: (error as Error).message });
      return undefined;
    }
  };
  const contradicted = () => checks.some(({ outcome }) => outcome === 'FAILS');

  await step('secret', () => checkSecret(secret, group, plan.groups));
  await step('commitment', () => checkCommitment(commitment, options.commitment));
  const beacon = contradicted() ? undefined : await step('beacon', () => checkBeacon(evidence, options));
  const age = await step('age', () => checkAge(evidence, commitment, beacon?.time, options));
  const keys =
    contradicted() || beacon === undefined ? undefined : deriveGroup(plan, group, secret, beacon.randomness);
  await step('marks', () => findMarks(evidence, keys, options.published));
  const answers = await step('questions', () =>
    askQuestions(evidence, contradicted() ? undefined : keys, options),
  );
  await step('labels', () => checkLabels(answers, plan.leastAccuracy));
  const claim: Claim = {
    ...{ commitment, group, groups: plan.groups.length },
    ...{ suspect: evidence.suspect, asked: options.suspect?.name, classNames: plan.data.classNames },
    level: Math.min(alpha, plan.alpha),
    claims: wanted ?? (age === 'published' ? 1 : 10_000),
  };
  const decision = answers && decideGroup(plan, answers);
  const room = decision && Math.floor((claim.level / (decision.pValue * claim.groups)) * (1 + 1e-12));
  const labelled = answers !== undefined && answers.accuracy >= plan.leastAccuracy;
  await step('claim', () => decideClaim(claim, labelled ? answers : undefined, decision, room));
  return verdict({
    ...{ room, checks, claim, answers, decision, keysSince: beacon?.time },
    askedBefore: evidence.record?.group === group,
    recorded: evidence.record !== undefined,
  });
}

function openedGroup({ opened }: Evidence, wanted: number | undefined): Evidence['opened'][number] {
  const found = opened.filter(({ group }) => wanted === undefined || group === wanted);
  if (found.length === 1) return found[0];
  const groups = opened.map(({ group }) => group).join(', ');
  return checksOf('verifyEvidence').fail('group', wanted, `one of those that the file opens: ${groups}`);
}

function checkSecret(secret: string, group: number, hashes: readonly string[]): Finding<void> {
  if (hashSecret(secret) !== hashes[group])
    throw new Error(`the secret of group ${group} is not the one that the plan holds the hash of`);
  return {
    value: undefined,
    detail: `group ${group} of ${hashes.length} is opened by the secret in the plan`,
  };
}

function checkCommitment(found: string, published: VerifyOptions['commitment']): Finding<void> {
  if (published === undefined) return { value: undefined, detail: `${found}, of the plan in the file` };
  if (published.value !== found)
    throw new Error(`the plan's commitment is ${found}, but ${published.value} was published`);
  return { value: undefined, detail: `${found} is the published one` };
}

function checkBeacon({ plan, beacon: proof }: Evidence, { beacon: brought }: VerifyOptions) {
  const opened = openBeacon(plan.beacon, proof, brought);
  switch (opened.basis) {
    case 'proven':
      return { value: opened, detail: `signed by drand's network, out at ${opened.time?.toISOString()}` };
    case 'brought':
      return { value: opened, detail: 'the value is the one that the verifier found at its source' };
    case 'unchecked': {
      const source = plan.beacon.kind === 'value' ? plan.beacon.source : '';
      const next = `look up the value and its time at "${source}", and bring them`;
      return { value: opened, detail: "the value is the owner's word", next };
    }
    case 'rehearsal': {
      const next = 'a claim needs marks made under a plan with a public beacon; a rehearsal never holds';
      return { value: opened, detail: 'a rehearsal: anybody could choose this randomness', next };
    }
  }
}

function checkAge(
  { plan, token }: Evidence,
  commitment: string,
  out: Date | undefined,
  { commitment: published, roots, suspectSince }: VerifyOptions,
): Finding<'published' | 'stamped' | undefined> {
  const open = (detail: string, next: string) => ({ value: undefined, detail, next });
  if (out === undefined) {
    const next = plan.beacon.kind === 'rehearsal' ? '' : 'first the beacon and its time';
    return open('unknown, for the time of the beacon is not known', next);
  }
  const since = out.toISOString();
  if (suspectSince !== undefined && out > suspectSince)
    throw new Error(
      `the keys did not exist before ${since}, but the suspect did, at ${suspectSince.toISOString()}`,
    );
  const found: string[] = [];
  let foreign: string | undefined;
  if (token !== undefined && roots !== undefined) {
    try {
      const digest = Buffer.from(commitment, 'hex');
      const stamp = verifyTimeStamp({ token: Buffer.from(token, 'base64'), digest, roots });
      const when = `time-stamped at ${stamp.time.toISOString()} by ${stamp.authority}, under ${stamp.root}`;
      if (!stampedBefore(stamp, out))
        throw new Error(`${when}, expected a minute before the beacon's value came out at ${since}`);
      found.push(when);
    } catch (error) {
      if (!(error instanceof ForeignAuthorityError)) throw error;
      foreign = error.message;
    }
  }
  let value: 'published' | 'stamped' = 'stamped';
  if (published !== undefined) {
    const when = `seen published at ${published.seen.toISOString()}`;
    if (published.seen.getTime() + MARGIN_MS <= out.getTime()) {
      found.push(when);
      value = 'published';
    } else if (found.length === 0)
      return open(
        `${when}, which is not a minute before the beacon's value came out at ${since}`,
        'bring an earlier sighting of the commitment, or a time stamp',
      );
  }
  if (found.length > 0)
    return { value, detail: `${found.join('; ')}; the beacon's value came out at ${since}` };
  if (token === undefined)
    return open(
      'no time stamp in the file and no published commitment',
      'ask the owner where the commitment was published before the beacon (--commitment, --seen)',
    );
  return open(
    foreign ?? 'a time stamp is there, but no root certificate to check it with',
    'bring the root certificate of the authority, if it is one that you trust (--tsa-root)',
  );
}

function findMarks(
  { plan }: Evidence,
  group: Group | undefined,
  published: Samples | undefined,
): Finding<void> {
  const value = undefined;
  if (group === undefined) return { value, detail: 'needs the steps before', next: '' };
  if (published === undefined)
    return {
      value,
      detail: 'the published data are not there',
      next: 'obtain the data as they were published, not from the owner (--published)',
    };
  const { rows, lookAlikes } = checkMarks(plan, group.keys, published);
  const alike = `${percent(lookAlikes)} of the unmarked rows have such values by chance`;
  return { value, detail: `${rows} published rows carry the marks; ${alike}` };
}

async function askQuestions(
  { plan }: Evidence,
  group: Group | undefined,
  { probes, suspect, asking }: VerifyOptions,
): Promise<Finding<Answers | undefined>> {
  const open = (detail: string, next: string) => ({ value: undefined, detail, next });
  if (group === undefined) return open('not asked, for a step before was not passed', '');
  if (probes === undefined) return open('the probes are not there', 'get them from the owner (--probes)');
  if (suspect === undefined)
    return open('the suspect was not asked', 'obtain access to it (--service with --url, or --model)');
  const found = await askGroup(plan, group, probes, suspect, asking).catch((error: Error) => {
    if (asking?.signal?.aborted) throw error;
    return error;
  });
  if (found instanceof Error)
    return open(found.message, 'mend that and run again: answers that are in the ledger are not asked again');
  const { questions, refused, sent } = found;
  const refusals = refused === 0 ? '' : `, ${refused} refused`;
  return {
    value: found,
    detail: `${questions} asked by the verifier in random order${refusals}, ${sent} sent`,
  };
}

function checkLabels(answers: Answers | undefined, least: number): Finding<void> {
  const value = undefined;
  if (answers === undefined) return { value, detail: 'needs the answers', next: '' };
  const found = `accuracy without triggers is ${rate(answers.accuracy)}`;
  if (answers.accuracy >= least) return { value, detail: `${found}, at least the planned ${rate(least)}` };
  const next = 'wrong class names or preprocessing in the service file? another model than meant?';
  return { value, detail: `${found}, expected at least ${rate(least)} as planned`, next };
}

function decideClaim(
  { level, groups, claims }: Claim,
  answers: Answers | undefined,
  decision: Decision | undefined,
  room: number | undefined,
): Finding<void> {
  const value = undefined;
  if (answers === undefined || decision === undefined || room === undefined)
    return { value, detail: 'needs answers that are labels of the plan', next: '' };
  const p = `p = ${short(decision.pValue)}${groups === 1 ? '' : ` × ${groups} groups`}`;
  if (room >= claims) return { value, detail: `${p} at level ${level}, room ${room}: significant` };
  if (room >= 1) {
    const next =
      'a time stamp shows age, not that there is one commitment only: bring the published commitment ' +
      '(--commitment, --seen), or state how many alternatives there were (--claims)';
    return { value, detail: `${p} at level ${level}: significant, but room ${room} of ${claims}`, next };
  }
  const share = answers.refusedTriggered;
  if (share > MOST_REFUSED) {
    const next = 'the suspect declined too many questions: ask for access without refusals';
    return {
      value,
      detail: `${p} at level ${level}, with ${rate(share)} of the questions with a trigger refused`,
      next,
    };
  }
  throw new Error(`${p} at level ${level}: not significant, so no evidence; nor is it an acquittal`);
}
