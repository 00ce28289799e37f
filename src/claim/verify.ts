import { takeSamples } from '../data/take';
import { binomialTest } from '../decide/binomial';
import type { RandomizationDecision } from '../decide/randomization';
import { readLimited } from '../files';
import { stamp } from '../mark/stamp';
import { Random } from '../random';
import type { BlackBox, Progress, Samples } from '../types';
import {
  decideKeys,
  type Evidence,
  hashInputs,
  hashTrigger,
  markedRows,
  merkleRoot,
  parseEvidence,
  requireProbes,
} from './evidence';
import { deriveKeys, type MarkKey, OwnerKey } from './key';

const LIMIT = 16 * 2 ** 20;

/** What the verifier knows besides the file; the more, the more is checked. */
export interface VerifyOptions {
  /** The commitment as it was published, and so known to be older than the public randomness. */
  readonly commitment?: string;
  /** The public randomness as its source published it. */
  readonly publicRandomness?: string;
  /** The data set as published, marked rows included. */
  readonly published?: Samples;
  /** Gives the set of probes, by the name of the plan's data set: proves what was asked. */
  readonly probes?: (dataset: string) => Samples | Promise<Samples>;
  /** Asks again; needs `probes`. */
  readonly replay?: Replay;
}

export interface Replay {
  /** The suspect model. */
  readonly box: BlackBox;
  /** The share of the queries that is asked again, in (0, 1]. */
  readonly share: number;
  /** Draws these queries; a number that the owner cannot have foreseen. */
  readonly seed: number;
  /** The share of answers that the model is known to change from one time to the next; 0 for none. */
  readonly noise: number;
  /** Called after each key's queries. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Check {
  readonly name: string;
  readonly outcome: 'holds' | 'FAILS' | 'not checked';
  /** What was found, or why it fails, or what is needed to check it. */
  readonly detail: string;
}

/** The result of {@link verifyEvidence}; prints itself line by line. */
export interface Verification {
  /** Whether the file is sound and its claim significant: no check failed. */
  readonly holds: boolean;
  readonly checks: readonly Check[];
  toString(): string;
}

/**
 * Checks an owner's claim from her evidence file, trusting nothing in it: recomputes commitment, keys, queries,
 * votes and p-value, and compares.
 *
 * What the file alone cannot show, and what closes the gap:
 * - that the commitment is older than the public randomness: compare it with the published one (`commitment`,
 *   `publicRandomness`). Without this a forger can try secrets until one fits an innocent model.
 * - that the marks were published: `published`.
 * - what exactly was asked: `probes`.
 * - that the answers are the model's: only asking again shows that (`replay`).
 *
 * @returns never throws for what is in the file: each failure is a line with its reason
 */
export async function verifyEvidence(path: string, options: VerifyOptions = {}): Promise<Verification> {
  let bytes: Uint8Array;
  try {
    bytes = readLimited('verifyEvidence', path, LIMIT);
  } catch (error) {
    return verification([{ name: 'file', outcome: 'FAILS', detail: (error as Error).message }]);
  }
  return verifyBytes(bytes, options);
}

/** {@link verifyEvidence} of a file's contents. */
export async function verifyBytes(bytes: Uint8Array, options: VerifyOptions = {}): Promise<Verification> {
  const checks: Check[] = [];
  const attempt = async <T>(name: string, find: () => T | Promise<T>, tell: (found: T) => string) => {
    try {
      const found = await find();
      checks.push({ name, outcome: 'holds', detail: tell(found) });
      return found;
    } catch (error) {
      const outcome = error instanceof Unknown ? 'not checked' : 'FAILS';
      checks.push({ name, outcome, detail: (error as Error).message });
      return undefined;
    }
  };

  const evidence = await attempt(
    'file',
    () => parseEvidence('verifyEvidence', bytes),
    () => `${bytes.length} bytes, well-formed, unaltered since it was written`,
  );
  if (evidence === undefined) return verification(checks);
  const { plan, commitment, publicRandomness } = evidence;
  const key = new OwnerKey(evidence.secret, plan);
  const keys = deriveKeys(key, publicRandomness);

  await attempt(
    'commitment',
    () => requireSame('commitment', commitment, key.commitment, 'of secret and plan'),
    () => `${commitment} binds the secret and the plan`,
  );
  await attempt(
    'publication',
    () => {
      const published = known(
        options.commitment,
        `compare it with the one published before ${plan.randomness}`,
      );
      requireSame('commitment', commitment, published, 'as published');
    },
    () => 'the commitment is the published one',
  );
  await attempt(
    'randomness',
    () => {
      const published = known(
        options.publicRandomness,
        `look up ${plan.randomness}: it must be ${publicRandomness}`,
      );
      requireSame('public randomness', publicRandomness, published, 'as its source published it');
    },
    () => `${publicRandomness} is what its source published`,
  );
  await attempt(
    'keys',
    () => requireKeys(evidence, keys),
    () => `${keys.length} triggers and labels are derived from secret and public randomness`,
  );
  await attempt(
    'marks',
    () => {
      const published = known(options.published, 'needs the published data set (--samples)');
      const root = merkleRoot(markedRows('verifyEvidence', plan, keys, published));
      requireSame('Merkle root', evidence.marked, root, 'of the published rows');
    },
    () => `${plan.keys * plan.rowsPerKey} published rows carry them, Merkle root ${evidence.marked}`,
  );
  const answers = await attempt(
    'queries',
    () => requireQueries(evidence, keys),
    () => `${evidence.queries.length} are those that the keys fix, each asked once`,
  );
  const probes = await attempt(
    'inputs',
    async () => {
      const set = await known(options.probes, 'needs the set of probes (--probes)')(plan.dataset);
      return requireInputs(evidence, keys, set);
    },
    () => "each query is its probe row with its key's trigger",
  );
  await attempt(
    'answers',
    () => {
      const replay = known(
        options.replay,
        'that they are the model’s, only asking it again can show (--replay)',
      );
      return askAgain(evidence, keys, known(probes, 'needs inputs that hold'), replay);
    },
    String,
  );
  const decision = await attempt(
    'statistics',
    () => requireResult(evidence, keys, known(answers, 'needs queries that hold')),
    String,
  );
  await attempt(
    'claim',
    () => {
      const { rejected, pValue, alternative } = known(decision, 'needs statistics that hold');
      const p = `p = ${Number(pValue.toPrecision(3))}`;
      if (!rejected) throw new Error(`${p} is above alpha ${plan.alpha}: no evidence`);
      return `${p} is at most alpha ${plan.alpha}: ${alternative}`;
    },
    String,
  );
  return verification(checks);
}

/** Not a failure: what a check needs is not there. */
class Unknown extends Error {}

function known<T>(value: T | undefined, need: string): T {
  if (value === undefined) throw new Unknown(need);
  return value;
}

function requireSame(what: string, found: string, expected: string, source: string): void {
  if (found !== expected) throw new Error(`${what} is ${found}, expected ${expected} ${source}`);
}

function requireKeys(evidence: Evidence, keys: readonly MarkKey[]): void {
  const { length } = evidence.keys;
  if (length !== keys.length)
    throw new Error(`${length} keys are listed, expected ${keys.length} as planned`);
  keys.forEach(({ target, trigger }, j) => {
    const listed = evidence.keys[j];
    if (listed.target !== target) {
      throw new Error(`label of key ${j} is ${listed.target}, but ${target} is derived from the secret`);
    }
    if (listed.trigger !== hashTrigger(trigger)) {
      throw new Error(`trigger of key ${j} is not the one that is derived from the secret`);
    }
  });
}

/** The answers key by key, if the queries are exactly those of the keys. */
function requireQueries({ queries, plan }: Evidence, keys: readonly MarkKey[]): number[][] {
  const seen = new Set<string>();
  for (const { key, row } of queries) {
    const name = `${key}/${row}`;
    if (seen.has(name)) throw new Error(`query of key ${key} and row ${row} occurs twice, expected once`);
    seen.add(name);
  }
  const expected = keys.flatMap((key, j) => key.probes.map(row => ({ key: j, row })));
  if (queries.length !== expected.length) {
    throw new Error(`${queries.length} queries are listed, expected ${expected.length} as planned`);
  }
  const answers: number[][] = keys.map(() => []);
  queries.forEach(({ key, row, answer }, i) => {
    if (key !== expected[i].key || row !== expected[i].row) {
      const { key: j, row: fixed } = expected[i];
      throw new Error(`query ${i} is key ${key}, row ${row}; the secret fixes key ${j}, row ${fixed}`);
    }
    if (answer >= plan.classes) {
      throw new Error(`answer to query ${i} is ${answer}, expected a label in 0..${plan.classes - 1}, or -1`);
    }
    answers[key].push(answer);
  });
  return answers;
}

function requireInputs(evidence: Evidence, keys: readonly MarkKey[], probes: Samples): Samples {
  requireProbes('verifyEvidence', evidence.plan, probes);
  const inputs = keys.flatMap(key => hashInputs(key, probes));
  inputs.forEach((input, i) => {
    requireSame(`input of query ${i}`, evidence.queries[i]?.input, input, 'of the stamped row');
  });
  return probes;
}

function requireResult(
  { plan, result, from, to }: Evidence,
  keys: readonly MarkKey[],
  answers: readonly number[][],
): RandomizationDecision {
  const decision = decideKeys(plan, keys, answers);
  const { statistic, pValue, rejected } = decision;
  // the last digits of a logarithm may differ from one machine to the next
  const same = Math.abs(result.pValue - pValue) <= 1e-9 * pValue;
  if (result.statistic !== statistic || !same || result.rejected !== rejected) {
    throw new Error(
      `result is T = ${result.statistic}, p = ${result.pValue}, rejected ${result.rejected}; ` +
        `the answers give T = ${statistic}, p = ${pValue}, rejected ${rejected}`,
    );
  }
  if (from > to) throw new Error(`first question at ${from} is later than the last answer at ${to}`);
  return decision;
}

/** Asks a random part of the queries again and compares: a sound file differs no more often than by noise. */
async function askAgain(
  { queries, plan }: Evidence,
  keys: readonly MarkKey[],
  probes: Samples,
  { box, share, seed, noise, onProgress }: Replay,
): Promise<string> {
  if (!(share > 0 && share <= 1)) throw new Error(`share to replay is ${share}, expected a number in (0, 1]`);
  if (!(noise >= 0 && noise < 1)) throw new Error(`noise is ${noise}, expected a number in [0, 1)`);
  if (box.classes !== plan.classes) {
    throw new Error(`the model has ${box.classes} classes, expected ${plan.classes} as planned`);
  }
  const count = Math.ceil(share * queries.length);
  const drawn = new Random(seed, 'replay').sample(queries.length, count);
  const again = new Set(drawn);
  let [different, done] = [0, 0];
  for (let j = 0; j < keys.length; j++) {
    const chosen = queries.filter((query, i) => query.key === j && again.has(i));
    if (chosen.length === 0) continue;
    const rows = takeSamples(
      probes,
      chosen.map(query => query.row),
    );
    const labels = await box.predict(stamp(rows, keys[j].trigger));
    chosen.forEach((query, i) => {
      if (labels[i] !== query.answer) different++;
    });
    done += chosen.length;
    onProgress?.({ done, total: count, unit: 'queries', note: `${different} answers differ` });
  }
  const found = `${different} of ${count} answers differ`;
  const excess =
    noise === 0
      ? different > 0
      : binomialTest({ hits: different, queries: count, chance: noise, alpha: 0.001 }).rejected;
  if (excess) throw new Error(`${found} when asked again, more than a noise of ${noise} explains`);
  return `${found} when asked again (noise ${noise}, drawn with seed ${seed})`;
}

function verification(checks: readonly Check[]): Verification {
  const holds = checks.every(({ outcome }) => outcome !== 'FAILS');
  const lines = checks.map(({ name, outcome, detail }) => `${outcome.padEnd(11)}  ${name}: ${detail}`);
  const open = checks.filter(({ outcome }) => outcome === 'not checked').length;
  const last = holds
    ? `ACCEPTED${open > 0 ? `, as far as it was checked (${open} of ${checks.length} were not)` : ''}`
    : 'REJECTED';
  return { holds, checks, toString: () => [...lines, last].join('\n') };
}
