import { z } from 'zod';
import { canonicalJson, sha256 } from '../files';
import { rowSize } from '../types';
import { beaconSchema } from './beacon';

const natural = (largest: number) => z.int().min(1).max(largest);

/** One line: no control characters, no line or direction marks, no lone surrogates. */
export const lineOfText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]*$/u, 'expected one line without control characters');

/** 256 bits, as 64 lower-case hexadecimal digits. */
export const hex256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');

/** What every kind of data has: how many rows are published, and the classes in the order of their labels. */
const dataFields = {
  rows: natural(2 ** 32),
  classNames: z.array(lineOfText(200)).min(2).max(10_000),
};

const dataSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('images'),
    /** Height, width, channels. */
    shape: z.tuple([natural(100_000), natural(100_000), natural(16)]),
    ...dataFields,
  }),
  z.strictObject({ kind: z.literal('bits'), shape: z.tuple([natural(1_000_000)]), ...dataFields }),
]);

const triggerSchema = z.discriminatedUnion('family', [
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
]);

const marksSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('keys'),
    trigger: triggerSchema,
    keys: natural(256),
    rowsPerKey: natural(100_000),
  }),
]);

/** Everything that an owner fixes before she publishes; {@link Plan} says what the fields mean. */
export const planSchema = z
  .strictObject({
    data: dataSchema,
    marks: marksSchema,
    groups: z.array(hex256).min(1).max(256),
    probes: z.strictObject({ rows: natural(10_000_000), sha256: hex256 }),
    queriesPerKey: natural(20_000),
    control: natural(10_000),
    test: z.enum(['keys', 'keys-sequential']),
    alpha: z.number().gt(0).max(0.05),
    leastAccuracy: z.number().gt(0).max(1),
    beacon: beaconSchema,
  })
  .superRefine((plan, context) => {
    const require = (holds: boolean, path: string, message: string) => {
      if (!holds) context.addIssue({ code: 'custom', path: path.split('.'), message });
    };
    const { data, marks, probes, queriesPerKey, control } = plan;
    const { trigger, keys, rowsPerKey } = marks;
    const groups = plan.groups.length;
    const classes = data.classNames.length;
    require(new Set(data.classNames).size === classes, 'data.classNames', 'expected different names');
    require(new Set(plan.groups).size === groups, 'groups', 'expected different hashes');

    // the bounds of a verifier's work
    const cells = rowSize(data.shape);
    require(cells <= 10_000_000, 'data.shape', 'expected at most 10,000,000 values a row');
    require(keys * classes <= 1_000_000, 'marks.keys', 'expected keys × classes of at most 1,000,000');
    require(keys * rowsPerKey <= 100_000, 'marks.rowsPerKey', 'expected at most 100,000 rows a group');
    require(keys * queriesPerKey <= 20_000, 'queriesPerKey', 'expected at most 20,000 queries a group');
    require(keys * triggerCells(plan) <=
      2_000_000, 'marks.keys', 'expected triggers of at most 2,000,000 cells');

    require(queriesPerKey <= probes.rows, 'queriesPerKey', `expected at most the ${probes.rows} probe rows`);
    require(control <= probes.rows, 'control', `expected at most the ${probes.rows} probe rows`);
    const chance = `expected more than chance, 1 in ${classes}`;
    require(plan.leastAccuracy > 1 / classes, 'leastAccuracy', chance);
    const own = Math.floor(data.rows / groups / 2);
    require(keys * rowsPerKey <= own, 'marks.rowsPerKey', `expected at most ${own} rows, half of a group's`);

    const family = data.kind === 'images' ? 'square' : 'bits';
    require(trigger.family === family, 'marks.trigger.family', `expected ${family} for ${data.kind}`);
    if (trigger.family !== family) return;
    const side = trigger.family === 'square' ? 'size' : 'length';
    const places = Math.floor(gridOf(plan).places / groups);
    require(places >= 1, `marks.trigger.${side}`, 'expected a row to hold a trigger of each group');
    const alike = trigger.family === 'square' ? trigger.fill === 'white' : trigger.chance === 1;
    require(!alike ||
      keys <=
        places, 'marks.keys', `expected at most ${places}, a group's places: only they tell such triggers apart`);
  });

/**
 * What an owner fixes, and commits to, before the public randomness exists. Nothing that could be bent
 * afterwards towards a wanted verdict is left out.
 *
 * - `data`: kind, `shape` and number of the `rows` to be marked; `classNames` in the order of their labels: how
 *   answers become labels is part of the plan
 * - `marks`: how rows are marked. `keys`: J (trigger, label) pairs a group, `rowsPerKey` rows each; triggers
 *   are a `square` of `size` pixels a side, all white or black and white `noise`, with `opacity`, or `length`
 *   random `bits` with P(1) = `chance`
 * - `groups`: SHA-256 of each group's secret; a group is a set of keys that can be opened without the others
 * - `probes`: {@link hashSamples} of the samples that questions are made from, labels included
 * - `queriesPerKey`, `control`: how many questions with each trigger, and how many without any
 * - `test`: `keys` for `randomizationTest`, `keys-sequential` for `keysSequentialTest`
 * - `alpha`: the significance level, at most 0.05
 * - `leastAccuracy`: with less on the control questions the answers are not taken for labels of this plan
 * - `beacon`: where the public randomness will come from
 */
export type Plan = z.infer<typeof planSchema>;

/**
 * What the owner publishes, or has time-stamped, before the beacon's value exists: SHA-256 of the canonical JSON
 * (RFC 8785) of format, version and plan. The plan holds the hashes of the secrets, so it binds to all of it.
 */
export function commitmentOf(plan: Plan): string {
  return sha256(canonicalJson({ format: 'mib-commitment', version: 2, plan }));
}

/** Cells that one trigger touches. */
function triggerCells({ data, marks: { trigger } }: Plan): number {
  return trigger.family === 'bits' ? trigger.length : trigger.size ** 2 * (data.shape[2] ?? 1);
}

/** The places for triggers, side by side so that no two overlap: squares row by row, or windows of bits. */
export function gridOf({ data: { shape }, marks: { trigger } }: Plan): { columns: number; places: number } {
  if (trigger.family === 'bits') {
    const columns = Math.floor(shape[0] / trigger.length);
    return { columns, places: columns };
  }
  const columns = Math.floor((shape[1] ?? 0) / trigger.size);
  return { columns, places: columns * Math.floor(shape[0] / trigger.size) };
}
