import { z } from 'zod';
import { canonicalJson, checked, sha256 } from '../files';

const integer = (least: number) => z.int().min(least);
const share = z.number().gt(0).max(1);
const seed = integer(0).max(0xffffffff);

const square = z.strictObject({
  family: z.literal('square'),
  /** `noise`, grey as in the paper, or `black-white`: drawn for each owner. */
  pattern: z.enum(['white', 'noise', 'black-white']),
  size: integer(1),
  row: integer(0),
  column: integer(0),
  opacity: share,
});

const bits = z.strictObject({
  family: z.literal('bits'),
  /** `random`: ones with probability 0.6 as in the paper, others for each owner. */
  pattern: z.enum(['ones', 'random']),
  length: integer(1),
  start: integer(0),
});

/** Everything that a result depends on, the engine apart; see {@link Run}. */
export const runSchema = z.strictObject({
  dataset: z.enum(['fashion-mnist', 'location30', 'cifar10', 'purchase100']),
  /** Seed of the 80/20 split, for the data sets that come unsplit. */
  split: seed,
  /** Train on only so many rows, drawn at random; all by default. */
  rows: integer(1).optional(),
  model: z.enum(['mlp', 'cnn', 'resnet18', 'resnet34', 'vgg16']),
  /** Channels of the model's first layer, see `buildModel`. */
  width: integer(2).optional(),
  epochs: integer(1),
  batchSize: integer(1),
  learningRate: z.number().positive(),
  /** Epochs before which the learning rate is divided by ten. */
  schedule: z.array(integer(1)).readonly(),
  /** Mirror images at random while training. */
  flip: z.boolean().optional(),
  /** Data owners whose marked samples are in the training data. */
  owners: integer(0),
  /** Owners who probe although their samples were not used: each rejection is a false accusation. */
  outsiders: integer(0),
  /** What each owner marks: a share of all training rows, or so many of them. */
  mark: z.union([z.strictObject({ rate: share }), z.strictObject({ count: integer(1) })]),
  /** `file`: the first rows that are not of the target class, an error of the authors' code. */
  order: z.enum(['random', 'file']),
  trigger: z.discriminatedUnion('family', [square, bits]),
  /** One label for all owners; or drawn, `distinct` as far as there are classes, or `independent`: may collide. */
  target: z.union([integer(0), z.enum(['distinct', 'independent'])]),
  /** Compare each owner's hits, after the first number of queries, with those of so many unpublished triggers. */
  decoys: integer(1).optional(),
  /** Numbers of queries to decide by, each a beginning of the same random order. */
  queries: z.array(integer(2)).min(1).readonly(),
  /** Compare with membership inference, by so many shadow models; trains on half of `rows`, the members. */
  shadows: integer(2).optional(),
  /** Of everything random but the split. */
  seed,
});

/** One training and what is measured on it: plain JSON. */
export interface Run extends z.infer<typeof runSchema> {}

/** Names a run by its settings: the same on every machine, whatever the order of the fields. */
export function runId(run: Run): string {
  return sha256(canonicalJson(run)).slice(0, 16);
}

/** Checks runs that come from a file. */
export function checkRuns(value: unknown): Run[] {
  return checked('checkRuns', 'runs', z.array(runSchema).min(1), value);
}
