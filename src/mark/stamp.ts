import { type Checks, checksOf } from '../check';
import { Random } from '../random';
import { rowSize, type Samples } from '../types';
import { checkTrigger, type Trigger } from './trigger';

/**
 * Puts the trigger on every row: x' = (1−a)·x + a·t in the touched cells, all else as it was.
 *
 * Computed in float32 and cut off to 8 bits, as the authors' code does, so that the pixels equal theirs.
 *
 * @returns a copy with its own bytes and labels
 * @throws if the trigger is inconsistent or made for rows of another shape
 */
export function stamp(samples: Samples, trigger: Trigger): Samples {
  checkFit(checksOf('stamp'), samples, trigger);
  const x = samples.x.slice();
  for (let row = 0; row < samples.count; row++) stampRow(x, row, trigger);
  return { ...samples, x, y: samples.y.slice() };
}

/**
 * What the data owner does before she publishes: stamps a trigger on a few rows and gives them the target label.
 *
 * The rows are drawn uniformly among those whose label is not the target. They follow from the seed alone:
 * `numpy.random.RandomState([seed, *b'mark']).permutation(eligible)[:count]`, ascending.
 *
 * @param target the label that marked rows get
 * @param count how many rows to mark; or
 * @param rate the share of *all* rows to mark, rounded down as the paper does (0.002 of 4,008 rows: 8)
 * @param classes number of classes, to check the target; by default the largest label present plus one
 * @param seed of the draw
 * @returns all rows, the marked ones changed in place of the originals, in a copy; and their indices
 * @throws if target, count or rate is out of range, or there are fewer eligible rows than asked for
 */
export function markSamples(
  samples: Samples,
  options: {
    trigger: Trigger;
    target: number;
    count?: number;
    rate?: number;
    classes?: number;
    seed: number;
  },
): { samples: Samples; indices: number[] } {
  const { trigger, target, seed } = options;
  const check = checksOf('markSamples');
  checkFit(check, samples, trigger);
  let largest = 0;
  for (const label of samples.y) largest = Math.max(largest, label);
  check.label('target', target, options.classes ?? largest + 1);
  const eligible = eligibleRows(samples, target);
  const count = wantedCount(check, options, samples.count);
  if (count > eligible.length)
    check.fail('count', count, `at most the ${eligible.length} rows of another class than the target`);
  const drawn = new Random(seed, 'mark').sample(eligible.length, count);
  const indices = Array.from(drawn, i => eligible[i]).sort((a, b) => a - b);
  return { samples: markRows(samples, [{ trigger, target, rows: indices }]), indices };
}

/** Marks the given rows, each group with its own trigger and target, in one copy. Callers check the groups. */
export function markRows(
  samples: Samples,
  groups: readonly { trigger: Trigger; target: number; rows: readonly number[] }[],
): Samples {
  const x = samples.x.slice();
  const y = samples.y.slice();
  for (const { trigger, target, rows } of groups) {
    if (target > 255 && y instanceof Uint8Array) {
      throw new Error(`markRows: target is ${target}, expected at most 255 where labels are bytes`);
    }
    for (const row of rows) {
      stampRow(x, row, trigger);
      y[row] = target;
    }
  }
  return { ...samples, x, y };
}

/** The rows whose label is not `target`, ascending: the ones that can be marked, and asked about. */
export function eligibleRows(samples: Samples, target: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < samples.count; row++) if (samples.y[row] !== target) rows.push(row);
  return rows;
}

/** Throws unless the trigger is consistent and made for rows of this shape. */
export function checkFit(check: Checks, samples: Samples, trigger: Trigger): void {
  checkTrigger(check, trigger);
  check.sameShape('samples', samples.shape, trigger.shape, 'the trigger');
}

/** How many rows a count, or a rate of all `rows`, is. */
export function wantedCount(
  check: Checks,
  { count, rate }: { count?: number; rate?: number },
  rows: number,
): number {
  if (count !== undefined && rate !== undefined) check.fail('rate', rate, 'none where a count is given');
  if (rate === undefined) return check.integer('count', count as number, 1, rows);
  // the tiny addend keeps 0.29 × 100 at 29 though the product is 28.999999999999996
  const wanted = Math.floor(check.number('rate', rate, '(0, 1]') * rows + 1e-9);
  return wanted >= 1 ? wanted : check.fail('rate', rate, `at least one of ${rows} rows`);
}

function stampRow(x: Uint8Array, row: number, { shape, positions, values, opacity }: Trigger): void {
  const start = row * rowSize(shape);
  const share = Math.fround(opacity);
  const rest = Math.fround(1 - share);
  for (let i = 0; i < positions.length; i++) {
    const cell = start + positions[i];
    x[cell] = Math.fround(Math.fround(rest * x[cell]) + Math.fround(share * values[i]));
  }
}
