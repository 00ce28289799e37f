import { z } from 'zod';

const text = (shortest: number) =>
  z
    .string()
    .min(shortest)
    .max(1000)
    .regex(/^[\x20-\x7e]*$/, 'expected printable ASCII');
const natural = (largest: number) => z.int().min(1).max(largest);

/** 256 bits, as 64 lower-case hexadecimal digits. */
export const hex256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');

/** What nobody controls, as one line of text, e.g. `drand quicknet 12345678 9f2a…`. */
export const publicRandomnessSchema = text(16);

/** Everything that an owner fixes before she publishes; {@link Plan} says what the fields mean. */
export const planSchema = z
  .strictObject({
    dataset: text(1),
    classes: natural(100_000).min(2),
    shape: z.array(natural(1_000_000)).min(1).max(3),
    rows: natural(2 ** 32),
    keys: natural(256),
    rowsPerKey: natural(100_000),
    trigger: z.discriminatedUnion('family', [
      z.strictObject({
        family: z.literal('square'),
        size: natural(10_000),
        fill: z.enum(['white', 'noise']),
        opacity: z.number().gt(0).max(1),
      }),
      z.strictObject({
        family: z.literal('bits'),
        length: natural(1_000_000),
        chance: z.number().gt(0).max(1),
      }),
    ]),
    queriesPerKey: natural(100_000),
    probes: z.strictObject({ rows: natural(2 ** 32), sha256: hex256 }),
    alpha: z.number().gt(0).lt(1),
    randomness: text(1),
  })
  .superRefine((plan, context) => {
    const require = (holds: boolean, path: string, message: string) => {
      if (!holds) context.addIssue({ code: 'custom', path: path.split('.'), message });
    };
    const { shape, trigger, keys, rowsPerKey, rows, queriesPerKey, probes } = plan;
    const cells = shape.reduce((product, n) => product * n, 1);
    require(cells <= 10_000_000, 'shape', 'expected at most 10,000,000 values a row');
    require(keys * plan.classes <= 10_000_000, 'keys', 'expected keys × classes of at most 10,000,000');
    require(keys * rowsPerKey <= rows, 'rowsPerKey', `expected at most ${rows} marked rows in all`);
    require(keys * rowsPerKey <= 1_000_000, 'rowsPerKey', 'expected at most 1,000,000 marked rows in all');
    require(queriesPerKey <= probes.rows, 'queriesPerKey', `expected at most the ${probes.rows} probe rows`);
    require(keys * queriesPerKey <= 100_000, 'queriesPerKey', 'expected at most 100,000 queries in all');
    const [axes, meaning] =
      trigger.family === 'square' ? [3, '[height, width, channels] for squares'] : [1, '[width] for bits'];
    require(shape.length === axes, 'shape', `expected ${meaning}`);
    const { places } = gridOf(plan);
    const side = trigger.family === 'square' ? 'size' : 'length';
    require(places >= 1, `trigger.${side}`, 'expected a trigger that fits into a row');
    const alike = trigger.family === 'square' ? trigger.fill === 'white' : trigger.chance === 1;
    require(!alike ||
      keys <= places, 'keys', `expected at most ${places}: only their places tell such triggers apart`);
  });

/**
 * What an owner fixes, and commits to, before she publishes. Nothing that could be bent afterwards towards a
 * wanted verdict is left out: not the number of queries, not the samples to probe with, not the source of the
 * public randomness.
 *
 * - `dataset`, `classes` (K), `shape`, `rows`: the samples to be marked
 * - `keys` (J), `rowsPerKey`: how many (trigger, label) pairs, and how many rows each marks
 * - `trigger`: a `square` of `size` pixels a side with `opacity`, each at its own place, all white (learnt
 *   fastest where images are dark) or random black and white `noise`; or a run of `length` random `bits` with P(1) = `chance`
 * - `queriesPerKey`, `probes`: how many questions per key, and the hash of the samples they are drawn from
 * - `alpha`: the significance level of the claim
 * - `randomness`: the announced source of public randomness, e.g. `drand quicknet, round 12345678`
 */
export type Plan = z.infer<typeof planSchema>;

/**
 * The places for triggers, side by side so that no two overlap: squares row by row, or windows of bits.
 */
export function gridOf({ shape, trigger }: Plan): { columns: number; places: number } {
  if (trigger.family === 'bits') {
    const columns = Math.floor(shape[0] / trigger.length);
    return { columns, places: columns };
  }
  const columns = Math.floor(shape[1] / trigger.size);
  return { columns, places: columns * Math.floor(shape[0] / trigger.size) };
}
