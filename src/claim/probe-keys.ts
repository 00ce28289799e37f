import { takeSamples } from '../data/take';
import { type ProbeOptions, probe } from '../probe/probe';
import { ledgerIn } from '../probe/remote/ledger';
import type { BlackBox, Samples } from '../types';
import type { MarkKey } from './key';

export interface KeysProbing {
  /** The answers to each key's queries, in the order of its `probes`: labels, or `REFUSED`. */
  readonly answers: readonly Int32Array[];
  /** When the first question was asked and the last answer there, UTC, ISO 8601. */
  readonly from: string;
  readonly to: string;
}

export interface KeysOptions
  extends Pick<ProbeOptions, 'batchSize' | 'concurrency' | 'budget' | 'signal' | 'onProgress'> {
  /** A path: what key j was asked is kept in the file `<ledger>.<j>`, and goes on where it stopped. */
  readonly ledger?: string;
  /** Told the answers of each key when they are complete; an e-value that it gives back is shown as progress. */
  readonly onKey?: (answers: Int32Array, key: MarkKey) => number | undefined;
}

/**
 * Asks about the probe rows of every key, stamped with its trigger; `countVotes` and `randomizationTest` go on
 * from the answers.
 *
 * Which rows are asked about, and how many, was fixed by the key. An owner who could choose them would ask about
 * samples of class y_j, which any good model answers with y_j; so there is neither a choice nor an early stop.
 *
 * @param samples the set that the key was made with, `data.test` of `createKey`
 * @throws as `probe` does
 */
export async function probeKeys(
  box: BlackBox,
  samples: Samples,
  keys: readonly MarkKey[],
  options: KeysOptions = {},
): Promise<KeysProbing> {
  const { ledger, onProgress, onKey, budget = Infinity } = options;
  const total = keys.reduce((sum, { probes }) => sum + probes.length, 0);
  const answers: Int32Array[] = [];
  const from = new Date().toISOString();
  let [done, hits, sent] = [0, 0, 0];
  let eValue: number | undefined;
  const report = (j: number, done: number, hits: number) => {
    const e = eValue === undefined ? '' : `, e = ${eValue.toPrecision(3)}`;
    const note = `key ${j + 1}/${keys.length}, ${hits} hits${e}`;
    onProgress?.({ done, total, unit: 'queries', note, hits, eValue });
  };
  for (const [j, { trigger, target, probes }] of keys.entries()) {
    const result = await probe(box, takeSamples(samples, probes), {
      ...options,
      trigger,
      target,
      queries: probes.length,
      seed: j,
      anyLabel: true,
      budget: budget - sent,
      control: false, // the labels were drawn: what the model answers anyway is in the null hypothesis
      ledger: ledger === undefined ? undefined : ledgerIn(`${ledger}.${j}`),
      onProgress: now => report(j, done + now.done, hits + now.hits),
    });
    const ordered = new Int32Array(probes.length);
    result.indices.forEach((place, i) => {
      ordered[place] = result.predictions[i];
    });
    answers.push(ordered);
    done += probes.length;
    hits += result.hits;
    sent += result.sent;
    eValue = onKey?.(ordered, keys[j]);
    report(j, done, hits);
  }
  return { answers, from, to: new Date().toISOString() };
}
