import { stamp } from '../mark/stamp';
import type { Trigger } from '../mark/trigger';
import { rowSize, type Samples } from '../types';
import type { MarkKey } from './derive';
import type { Plan } from './key-plan';

/** How many comparisons the count of look-alikes makes at most. */
const MOST_COMPARISONS = 200_000_000;

/** What {@link checkMarks} found. */
export interface FoundMarks {
  /** Marked rows that were compared. */
  readonly rows: number;
  /** Share of (unmarked row, key) pairs in which the row's values are such as stamping leaves. */
  readonly lookAlikes: number;
}

/** More look-alikes among unmarked rows than this, and marks prove nothing about the data. */
export const MOST_LOOK_ALIKES = 0.01;

/**
 * Compares the rows of `keys` in the published data: each must have its key's label, and in every cell of the
 * trigger a value that stamping can leave there.
 *
 * @returns also how many unmarked rows have such values by chance, whatever their label
 * @throws if the data are not those of the plan, a row is not marked, or the marks change nothing: of the unmarked
 *   rows, more than {@link MOST_LOOK_ALIKES} look marked
 */
export function checkMarks(plan: Plan, keys: readonly MarkKey[], published: Samples): FoundMarks {
  const { rows, shape } = plan.data;
  if (published.count !== rows || String(published.shape) !== String(shape)) {
    throw new Error(
      `the published data have ${published.count} rows of shape [${published.shape}], ` +
        `expected ${rows} of [${shape}] as planned`,
    );
  }
  const looks = keys.map(key => stampable(key.trigger));
  const width = rowSize(shape);
  keys.forEach((key, j) => {
    for (const row of key.rows) {
      const label = published.y[row];
      if (label !== key.target)
        throw new Error(
          `published row ${row} has label ${label}, expected ${key.target}, the label of key ${j}`,
        );
      if (!looks[j](published.x, row * width))
        throw new Error(`published row ${row} does not carry the trigger of key ${j}`);
    }
  });
  const marked = new Set(keys.flatMap(key => key.rows));
  const lookAlikes = findLookAlikes(keys, published, marked);
  if (lookAlikes > MOST_LOOK_ALIKES) {
    throw new Error(
      `the marks prove nothing: ${percent(lookAlikes)} of the unmarked rows look as if they carried them, ` +
        `expected at most ${percent(MOST_LOOK_ALIKES)}`,
    );
  }
  return { rows: marked.size, lookAlikes };
}

/** Share of (row, key) pairs in which the row's values are such as stamping leaves; of a part where they are many. */
export function findLookAlikes(
  keys: readonly MarkKey[],
  { x, count, shape }: Samples,
  marked: ReadonlySet<number> = new Set(),
): number {
  const looks = keys.map(({ trigger }) => stampable(trigger));
  const cells = keys.reduce((sum, { trigger }) => sum + trigger.positions.length, 0);
  const step = Math.ceil((count * cells) / MOST_COMPARISONS);
  const width = rowSize(shape);
  let [alike, compared] = [0, 0];
  for (let row = 0; row < count; row += step) {
    if (marked.has(row)) continue;
    for (const look of looks) if (look(x, row * width)) alike++;
    compared += looks.length;
  }
  return compared === 0 ? 1 : alike / compared;
}

/** Whether a row's values are such as stamping leaves: between those of a black and of a white row, stamped. */
function stampable(trigger: Trigger): (x: ArrayLike<number>, start: number) => boolean {
  const { shape, positions } = trigger;
  // the touched cells alone, as a row of their own: rows may be wide
  const width = positions.length;
  const cells = shape.length === 1 ? [width] : [1, width, 1];
  const x = new Uint8Array(2 * width).fill(255, width);
  const alone = { ...trigger, shape: cells, positions: positions.map((_, i) => i) };
  const stamped = stamp({ x, y: new Uint8Array(2), count: 2, shape: cells }, alone).x;
  const [low, high] = [stamped.subarray(0, width), stamped.subarray(width)];
  return (values, start) => {
    for (let i = 0; i < positions.length; i++) {
      const value = values[start + positions[i]];
      if (value < low[i] || value > high[i]) return false;
    }
    return true;
  };
}

export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
