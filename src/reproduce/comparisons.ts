import { studentQuantile } from '../decide/tails';
import { byModel } from './clusters';
import type { ResultRow } from './csv';
import { estimate } from './tables';

/**
 * Differences between this library's models and a peer's that were trained on the same splits and marked rows, one
 * for each seed.
 *
 * @param column what is compared; a model with several owners counts with their mean
 * @throws if a model has no peer of its seed
 */
export function againstPeer(
  rows: readonly ResultRow[],
  peers: readonly ResultRow[],
  column: 'testAccuracy' | 'attackSuccessRate',
): number[] {
  return byModel(rows).map(model => {
    const peer = peers.find(({ seed }) => seed === model[0].seed);
    if (peer === undefined) throw new Error(`againstPeer: seed ${model[0].seed} has no peer, expected one`);
    return estimate(model.map(row => Number(row[column]))).mean - Number(peer[column]);
  });
}

/** Test accuracy without marks minus that with one owner's marks, for each seed that has both. */
export function accuracyCost(rows: readonly ResultRow[]): number[] {
  const models = byModel(rows).map(([first]) => first);
  return models
    .filter(row => row.owners === 0)
    .flatMap(clean => {
      const marked = models.find(row => row.owners === 1 && row.seed === clean.seed);
      return marked === undefined ? [] : [Number(clean.testAccuracy) - Number(marked.testAccuracy)];
    });
}

/**
 * Mean of independent values with the half width of its interval by Student's t, for about normal values.
 *
 * @throws if there are fewer than two values
 */
export function meanWithin(
  values: readonly number[],
  confidence = 0.95,
): { readonly mean: number; readonly half: number } {
  if (values.length < 2) throw new Error(`meanWithin: ${values.length} values, expected at least 2`);
  const { mean, standardError } = estimate(values);
  return { mean, half: studentQuantile((1 + confidence) / 2, values.length - 1) * standardError };
}
