import { join } from 'node:path';
import { loadDataset } from '../data/load';
import { takeSamples } from '../data/take';
import { binomialTest } from '../decide/binomial';
import { decoyTest } from '../decide/decoys';
import { sequentialTest } from '../decide/sequential';
import { theoremTest } from '../decide/theorem';
import { type Mark, markForOwners } from '../mark/mark';
import '../engine/node';
import { localModel } from '../probe/local';
import { probe } from '../probe/probe';
import { Random } from '../random';
import { buildModel, type Model } from '../train/model';
import { type CheckpointRate, checkpointIn } from '../train/node/checkpoint';
import type { TrainOptions } from '../train/options';
import { accuracy, predictLogits } from '../train/predict';
import { train } from '../train/train';
import type { Progress, Samples } from '../types';
import { type AttackOutcome, attackMembers, type Observation } from './membership';
import { attackOwners } from './owner-attacks';
import { makeDecoys, makeOwners } from './owners';
import type { Run } from './run';

/** Significance level of all tests of the experiments. */
const ALPHA = 0.05;

interface Verdict {
  readonly pValue: number;
  readonly rejected: boolean;
}

/** One owner's probing, decided after each of the run's numbers of queries. */
export interface OwnerOutcome {
  readonly target: number;
  /** Rows that she marked in the training data; 0 for an outsider. */
  readonly marked: number;
  /** Test samples that are not of her target class. */
  readonly eligible: number;
  /** Those of them that are answered with her target when they carry her trigger. */
  readonly hits: number;
  /** Queries after which `sequentialTest` rejected; null if it never did. */
  readonly sequential: number | null;
  /** Of `decoyTest` after the first number of queries, where the run has decoys. */
  readonly decoyPValue?: number;
  readonly verdicts: readonly {
    readonly queries: number;
    readonly hits: number;
    readonly theorem: Verdict;
    readonly binomial: Verdict;
  }[];
}

/** What a run came to: the same for the same run on the same engine. */
export interface Outcome {
  readonly provenance: string;
  readonly classes: number;
  readonly trainRows: number;
  readonly testRows: number;
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly owners: readonly OwnerOutcome[];
  readonly attacks?: readonly AttackOutcome[];
}

/** What `train` is called with besides the run's own setting. */
type Watch = Pick<TrainOptions, 'onProgress' | 'checkpoint'>;

/**
 * Trains as the run says and measures: accuracy, each owner's probing and, where asked for, membership inference.
 *
 * @param checkpoints a folder of this run alone, to go on from after a stop: a folder in it for each training
 */
export async function performRun(
  run: Run,
  onProgress?: (progress: Progress) => void,
  checkpoints?: CheckpointRate & { readonly folder: string },
): Promise<Outcome> {
  const dataset = await loadDataset(run.dataset, { seed: run.split });
  const { classes, provenance, test } = dataset;
  const drawn = (rows: number) => new Random(run.seed, 'rows').sample(dataset.train.count, rows);
  const pool = run.rows === undefined ? dataset.train : takeSamples(dataset.train, drawn(run.rows));
  const members = run.shadows === undefined ? pool : takeSamples(pool, firstHalf(pool));

  const owners = makeOwners(run, dataset.train.shape, classes);
  const marked = markForOwners(members, owners.slice(0, run.owners), { ...run, ...run.mark, classes });
  const share = 1 / (1 + (run.shadows ?? 0));
  const watch = (training: number): Watch => ({
    onProgress: progress =>
      onProgress?.({ ...progress, done: (training + progress.done / progress.total) * share, total: 1 }),
    checkpoint: checkpoints && checkpointIn(join(checkpoints.folder, `${training}`), checkpoints),
  });

  const model = await fit(run, marked.samples, classes, run.seed, watch(0));
  try {
    return {
      provenance,
      classes,
      trainRows: members.count,
      testRows: test.count,
      trainAccuracy: await accuracy(model, marked.samples),
      testAccuracy: await accuracy(model, test),
      owners: await probeAll(run, model, test, owners, marked.rows),
      ...(run.shadows !== undefined && {
        attacks: await infer(run, model, pool, marked.rows.flat(), watch),
      }),
    };
  } finally {
    model.dispose();
  }
}

async function fit(run: Run, samples: Samples, classes: number, seed: number, watch: Watch): Promise<Model> {
  const { epochs, batchSize, learningRate, schedule, flip, width } = run;
  const model = buildModel(run.model, { shape: samples.shape, classes, seed, width });
  try {
    await train(model, samples, { epochs, batchSize, learningRate, schedule, flip, seed, ...watch });
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function probeAll(
  run: Run,
  model: Model,
  test: Samples,
  owners: readonly Mark[],
  rows: readonly (readonly number[])[],
): Promise<OwnerOutcome[]> {
  const outcomes: OwnerOutcome[] = [];
  const askDecoys = async (owner: number, target: number) => {
    const [queries] = run.queries;
    const decoys: number[] = [];
    for (const trigger of makeDecoys(run, test.shape, owner)) {
      const asked = { trigger, target, queries, seed: run.seed };
      decoys.push((await probe(localModel(model), test, asked)).hits);
    }
    return decoyTest({ score: outcomes[owner].verdicts[0].hits, decoys, alpha: ALPHA }).pValue;
  };
  for (const [i, { trigger, target }] of owners.entries()) {
    const eligible = Array.from(test.y).filter(label => label !== target).length;
    const setting = { trigger, target, queries: eligible, batchSize: 500, seed: run.seed, control: false };
    const { predictions, hits } = await probe(localModel(model), test, setting);
    const { classes } = model;
    const verdicts = run.queries.map(queries => {
      const answered = { queries, hits: predictions.subarray(0, queries).filter(y => y === target).length };
      const theorem = theoremTest({ ...answered, classes, confidence: 1 - ALPHA });
      const binomial = binomialTest({ ...answered, chance: 1 / classes, alpha: ALPHA });
      return { ...answered, theorem: verdict(theorem), binomial: verdict(binomial) };
    });
    const sequential = firstRejection(predictions, target, classes);
    const owner = { target, marked: rows[i]?.length ?? 0, eligible, hits, sequential, verdicts };
    outcomes.push(owner);
    if (run.decoys !== undefined) outcomes[i] = { ...owner, decoyPValue: await askDecoys(i, target) };
  }
  return outcomes;
}

function verdict({ pValue, rejected }: Verdict): Verdict {
  return { pValue, rejected };
}

/** Number of queries after which the anytime-valid test rejects; null if it never does. */
function firstRejection(predictions: Int32Array, target: number, classes: number): number | null {
  const test = sequentialTest({ chance: 1 / classes, alpha: ALPHA });
  for (let query = 0; query < predictions.length; query++) {
    if (test.update(predictions[query] === target).rejected) return query + 1;
  }
  return null;
}

/** Membership inference against `model`, whose members are the first half of `pool`. */
async function infer(
  run: Run,
  model: Model,
  pool: Samples,
  marked: readonly number[],
  watch: (training: number) => Watch,
): Promise<AttackOutcome[]> {
  const { classes } = model;
  const half = firstHalf(pool);
  // marked members carry another label in training than in the pool: leave them out of the comparison
  const left = new Set(marked);
  const rows = Array.from({ length: pool.count }, (_, row) => row).filter(row => !left.has(row));
  const asked = takeSamples(pool, rows);
  const observe = async (observed: Model, members: ReadonlySet<number>): Promise<Observation> => ({
    logits: await predictLogits(observed, asked),
    member: rows.map(row => members.has(row)),
  });
  const target = await observe(model, new Set(half));
  const shadows: Observation[] = [];
  for (let i = 0; i < (run.shadows as number); i++) {
    const random = new Random(run.seed, `shadow ${i}`);
    const members = random.sample(pool.count, half.length);
    const shadow = await fit(run, takeSamples(pool, members), classes, random.uint32(), watch(i + 1));
    shadows.push(await observe(shadow, new Set(members)));
    shadow.dispose();
  }
  const seen = { target, shadows, labels: asked.y, classes };
  const rowsEach = [10, 50, 500].filter(rows => rows <= half.length / 9); // fewer than eight owners measure nothing
  const owners = attackOwners({ ...seen, rowsEach, random: new Random(run.seed, 'owners') });
  return [...attackMembers(seen), ...owners];
}

/** The numbers of the first half of the rows. */
function firstHalf({ count }: Samples): number[] {
  return Array.from({ length: Math.floor(count / 2) }, (_, row) => row);
}
