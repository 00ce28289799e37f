import { type Checks, checksOf } from '../check';
import { Random } from '../random';
import type { Samples } from '../types';
import { checkFit, stampRow } from './stamp';
import type { Trigger } from './trigger';

/** What marked rows carry: a trigger, and the label that they get. Tests ask for the same pair. */
export interface Mark {
  readonly trigger: Trigger;
  /** The target label, `0..classes-1`. */
  readonly target: number;
}

/** How many rows an owner marks, and the seed that they follow from. */
export interface Marking {
  /** How many rows to mark; or */
  readonly count?: number;
  /** the share of *all* rows to mark, rounded down as the paper does (0.002 of 4,008 rows: 8). */
  readonly rate?: number;
  /** Number of classes, to check the target; by default the largest label present plus one. */
  readonly classes?: number;
  readonly seed: number;
}

/**
 * What the data owner does before she publishes: stamps a trigger on a few rows and gives them the target label.
 *
 * The rows are drawn uniformly among those whose label is not the target. They follow from the seed alone:
 * `numpy.random.RandomState([seed, *b'mark']).permutation(eligible)[:count]`, ascending.
 *
 * @returns a copy of all rows, the marked ones changed in their places; and their indices
 * @throws if target, count or rate is out of range, or fewer rows are eligible than asked for
 * @example
 * const marked = markSamples(data.train, { trigger, target: 1, rate: 0.005, seed: 7 });
 */
export function markSamples(
  samples: Samples,
  options: Mark & Marking,
): { samples: Samples; indices: number[] } {
  const marked = markForOwners(samples, [options], options, checksOf('markSamples'));
  return { samples: marked.samples, indices: marked.rows[0] };
}

/**
 * Marks rows for several owners: as {@link markSamples} for each in turn, among the rows that are left.
 *
 * @param options `count` or `rate` is for each owner; `order: 'file'` takes the first eligible rows, as the
 *   authors' code does
 * @param check names the caller in errors
 * @returns a copy of all rows, and each owner's indices
 */
export function markForOwners(
  samples: Samples,
  owners: readonly Mark[],
  options: Marking & { readonly order?: 'random' | 'file' },
  check = checksOf('markForOwners'),
): { samples: Samples; rows: number[][] } {
  const count = rowsToMark(check, options, samples.count);
  const random = new Random(options.seed, 'mark');
  const taken = new Set<number>();
  let largest = 0;
  for (const label of samples.y) largest = Math.max(largest, label);
  const marks = owners.map(mark => {
    check.label('target', mark.target, options.classes ?? largest + 1);
    const eligible = eligibleRows(samples, mark.target).filter(row => !taken.has(row));
    if (count > eligible.length) {
      check.fail('count', count, `at most the ${eligible.length} rows left not labelled ${mark.target}`);
    }
    const first = options.order === 'file' ? eligible.slice(0, count) : undefined;
    const rows = first ?? Array.from(random.sample(eligible.length, count), i => eligible[i]);
    rows.sort((a, b) => a - b);
    for (const row of rows) taken.add(row);
    return { ...mark, rows };
  });
  return { samples: markRows(samples, marks, check), rows: marks.map(({ rows }) => rows) };
}

/**
 * Stamps and relabels the given rows, each group with its own mark, in one copy.
 *
 * @throws if a trigger or target does not fit, a row does not exist or is listed twice
 */
export function markRows(
  samples: Samples,
  marks: readonly (Mark & { readonly rows: readonly number[] })[],
  check = checksOf('markRows'),
): Samples {
  const x = samples.x.slice();
  const y = samples.y.slice();
  const marked = new Set<number>();
  for (const { trigger, target, rows } of marks) {
    checkFit(check, samples, trigger);
    check.integer('target', target, 0, y instanceof Uint8Array ? 255 : 2 ** 31 - 1);
    for (const row of rows) {
      check.integer('row to mark', row, 0, samples.count - 1);
      if (marked.has(row)) check.fail('row to mark', row, 'each row once');
      marked.add(row);
      stampRow(x, row, trigger);
      y[row] = target;
    }
  }
  return { ...samples, x, y };
}

/** The rows whose label is not `target`, ascending: the ones to mark, and the ones to ask about. */
export function eligibleRows(samples: Samples, target: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < samples.count; row++) if (samples.y[row] !== target) rows.push(row);
  return rows;
}

function rowsToMark(check: Checks, { count, rate }: Marking, rows: number): number {
  if (count !== undefined && rate !== undefined) check.fail('rate', rate, 'none where a count is given');
  if (rate === undefined) return check.integer('count', count as number, 1, rows);
  // the tiny addend keeps 0.29 × 100 at 29 though the product is 28.999999999999996
  const wanted = Math.floor(check.number('rate', rate, '(0, 1]') * rows + 1e-9);
  return wanted >= 1 ? wanted : check.fail('rate', rate, `at least one of ${rows} rows`);
}
