import { Random } from '../random';
import type { ResultRow } from './csv';

/** Lines of a results table, grouped by the trained model that they share: they are not independent of each other. */
export function byModel(rows: readonly ResultRow[]): ResultRow[][] {
  const groups = new Map<unknown, ResultRow[]>();
  for (const row of rows) groups.set(row.id, [...(groups.get(row.id) ?? []), row]);
  return [...groups.values()];
}

/** The mean of values that come in groups, and an interval for it that rests on the number of groups. */
export interface ClusteredMean {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The mean over all values of all groups, with a percentile interval from drawing whole groups again
 * (cluster bootstrap; Cameron, Gelbach and Miller 2008).
 *
 * Assumes that the groups are independent; with fewer than about ten of them the interval is too short.
 *
 * @param confidence of the interval, default 0.95
 * @example clusteredMean([[1, 1, 0], [0, 0]], { seed: 1 }) // mean 0.4, from 0 to 0.667
 */
export function clusteredMean(
  groups: readonly (readonly number[])[],
  { seed, confidence = 0.95 }: { readonly seed: number; readonly confidence?: number },
): ClusteredMean {
  if (groups.length === 0 || groups.some(group => group.length === 0)) {
    throw new Error('clusteredMean: groups are empty, expected at least one value in each');
  }
  const random = new Random(seed, 'groups drawn again');
  const totals = groups.map(group => ({ sum: group.reduce((a, b) => a + b, 0), count: group.length }));
  const meanOf = (drawn: readonly { sum: number; count: number }[]) =>
    drawn.reduce((sum, each) => sum + each.sum, 0) / drawn.reduce((sum, each) => sum + each.count, 0);
  const draws = 4000;
  const means = Array.from({ length: draws }, () =>
    meanOf(groups.map(() => totals[random.integer(groups.length)])),
  ).sort((a, b) => a - b);
  const outside = (1 - confidence) / 2;
  return {
    mean: meanOf(totals),
    low: means[Math.floor(outside * draws)],
    high: means[Math.ceil((1 - outside) * draws) - 1],
  };
}
