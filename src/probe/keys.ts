import { takeSamples } from '../data/take';
import type { MarkKey } from '../mark/key';
import type { BlackBox, Samples } from '../types';
import { type ProbeOptions, probe } from './probe';

export interface KeysProbing {
  /** The answers to each key's queries, in the order of its `probes`: labels, or `REFUSED`. */
  readonly answers: readonly Int32Array[];
  /** When the first question was asked and the last answer there, UTC, ISO 8601. */
  readonly from: string;
  readonly to: string;
}

/**
 * Asks about the probe rows of every key, stamped with its trigger; `countVotes` and `randomizationTest` go on
 * from the answers.
 *
 * Which rows are asked about, and how many, was fixed by the key. An owner who could choose them would ask about
 * samples of class y_j, which any good model answers with y_j; so there is neither a choice nor an early stop.
 *
 * @param samples the set that the key was made with, `data.test` of `createKey`
 * @param options as of `probe`; `ledger` is kept for each key j in its own file, `<ledger>.<j>`
 * @throws as `probe` does
 */
export async function probeKeys(
  box: BlackBox,
  samples: Samples,
  keys: readonly MarkKey[],
  options: Pick<ProbeOptions, 'batchSize' | 'concurrency' | 'ledger' | 'signal' | 'onProgress'> = {},
): Promise<KeysProbing> {
  const { ledger, onProgress } = options;
  const total = keys.reduce((sum, { probes }) => sum + probes.length, 0);
  const answers: Int32Array[] = [];
  const from = new Date().toISOString();
  let [done, hits] = [0, 0];
  for (const [j, { trigger, target, probes }] of keys.entries()) {
    const result = await probe(box, takeSamples(samples, probes), {
      ...options,
      trigger,
      target,
      queries: probes.length,
      seed: j,
      anyLabel: true,
      ledger: ledger === undefined ? undefined : `${ledger}.${j}`,
      onProgress: now =>
        onProgress?.({
          ...now,
          done: done + now.done,
          total,
          hits: hits + now.hits,
          note: `key ${j + 1}/${keys.length}, ${hits + now.hits} hits`,
        }),
    });
    const ordered = new Int32Array(probes.length);
    result.indices.forEach((place, i) => {
      ordered[place] = result.predictions[i];
    });
    answers.push(ordered);
    done += probes.length;
    hits += result.hits;
  }
  return { answers, from, to: new Date().toISOString() };
}
