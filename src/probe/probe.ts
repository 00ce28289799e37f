import { checksOf } from '../check';
import { takeSamples } from '../data/take';
import { eligibleRows, type Mark } from '../mark/mark';
import { stamp } from '../mark/stamp';
import { Random } from '../random';
import { type BlackBox, type Progress, REFUSED, type Samples } from '../types';
import { Asking, type AskingOptions } from './asking';
import type { AnswerRecordStore } from './record';

const check = checksOf('probe');

/** A test that may be looked at after every query, such as `sequentialTest`. */
export interface StoppingTest {
  update(hit: boolean): { readonly rejected: boolean; readonly eValue?: number };
}

export interface ProbeProgress extends Progress {
  readonly hits: number;
  /** Of `test`, where it has one. */
  readonly eValue?: number;
}

export interface ProbeOptions extends AskingOptions, Mark {
  /** How many samples to ask about at most, each one once. */
  readonly queries: number;
  readonly seed: number;
  /**
   * Also ask about samples of the target class. `randomizationTest` needs this: its probe samples must not be
   * chosen by their label. Default false, as in the paper.
   */
  readonly anyLabel?: boolean;
  /** Stop as soon as this test rejects. It sees the answers in the order of asking, and must be new. */
  readonly test?: StoppingTest;
  /**
   * Stop as soon as a plan of `queries` queries that needs this many hits has its answer: the hits are reached
   * or out of reach. The verdict is `hits >= stopAtHits`; the success rate of a run cut short is biased.
   */
  readonly stopAtHits?: number;
  /** Ask about the rows without the trigger as well, see {@link ProbeResult.control}. Default true. */
  readonly control?: boolean;
  /** Keeps every answer, so that an interrupted probing goes on where it stopped: `ledgerIn(path)`. */
  readonly ledger?: AnswerRecordStore;
  readonly onProgress?: (progress: ProbeProgress) => void;
}

/** Answers to a list of queries. */
export interface Answers {
  /** Answers that were the target label. */
  readonly hits: number;
  /** Answers counted: all that were planned, or those up to the one that decided. */
  readonly queries: number;
  /** The label that the model gave to each query, or `REFUSED`. */
  readonly predictions: Int32Array;
  /** Queries that the model refused to answer; misses. */
  readonly refused: number;
  /** Answers that were the sample's own label. Few without a trigger: wrong class names or preprocessing? */
  readonly right: number;
}

export interface ProbeResult extends Answers {
  /** hits / queries */
  readonly attackSuccessRate: number;
  /** The row of `samples` that each query was made from. */
  readonly indices: Int32Array;
  /** Planned queries that were not needed, because the answer was clear before. */
  readonly saved: number;
  /** Queries sent, repetitions and the control included: what a service may charge. */
  readonly sent: number;
  /**
   * What the model said to the same rows *without* the trigger, asked afterwards; fewer of them where the budget
   * ends. If these hit as often, the model answers the target anyway, and the hits are no evidence.
   */
  readonly control?: Answers;
}

/**
 * The rows to ask about, in the order to ask: drawn without replacement by `new Random(seed, 'probe')`, so
 * they are fixed before the first question and anybody can draw them again.
 *
 * @throws Error when `samples` has fewer eligible rows than `queries`
 */
export function drawQueries(
  samples: Samples,
  { target, queries, seed, anyLabel }: Pick<ProbeOptions, 'target' | 'queries' | 'seed' | 'anyLabel'>,
): Int32Array {
  const eligible = anyLabel ? [...samples.y.keys()] : eligibleRows(samples, target);
  if (!(queries <= eligible.length)) {
    const kind = anyLabel ? 'samples' : `samples of another class than ${target}`;
    check.fail('queries', queries, `an integer in 1..${eligible.length} (the number of ${kind})`);
  }
  return new Random(seed, 'probe').sample(eligible.length, queries).map(i => eligible[i]);
}

/**
 * Asks a suspect model about fresh samples that carry the trigger, and counts how often it answers the target.
 *
 * A model that never saw marked samples has no reason to answer the target; one that was trained on them has
 * learned to. `samples` must be the owner's own and unseen by the model. Whoever runs the model gets to see
 * the stamped samples, and so the trigger; the control is asked afterwards.
 *
 * @throws Error when an argument is out of range, the model fails or gives anything but one label a sample
 *   (naming the queries), the budget is spent, or the ledger can't be used
 */
export async function probe(box: BlackBox, samples: Samples, options: ProbeOptions): Promise<ProbeResult> {
  checkOptions(box, options);
  const { trigger, target, anyLabel = false, seed, control = true } = options;
  const { classes, name, settings } = box;
  const rows = drawQueries(samples, options);
  const planned = rows.length;
  // query planned + q is the control of query q: the same row without the trigger
  const batch = (queries: readonly number[]) => {
    const asked = queries.map(query => rows[query % planned]);
    const plain = takeSamples(samples, asked);
    return { queries, rows: asked, inputs: queries[0] < planned ? stamp(plain, trigger) : plain };
  };
  const model = { name, ...settings };
  const plan = { trigger, samples, target, classes, queries: planned, anyLabel, seed, model };
  const record = options.ledger?.open(plan);
  try {
    const asking = new Asking(box, batch, record, options);
    const tally = tallyOf(options);
    const triggered = await asking.ask([...rows.keys()], tally.count, tally.report);
    const controls = asking.affordable(triggered.map((_, query) => planned + query));
    const report = (done: number) => tally.report(triggered.length + done, controls.length);
    const plain = control ? await asking.ask(controls, () => false, report) : [];
    const answers = answersOf(triggered, rows, samples, target);
    return {
      ...answers,
      attackSuccessRate: answers.hits / answers.queries,
      indices: rows.slice(0, answers.queries),
      saved: planned - answers.queries,
      sent: asking.sent,
      control: control ? answersOf(plain, rows, samples, target) : undefined,
    };
  } finally {
    record?.close();
  }
}

/** Counts answers in the order of asking, says when they decide, and reports progress. */
function tallyOf({ target, queries, test, stopAtHits, control = true, onProgress }: ProbeOptions) {
  let [counted, hits, decided] = [0, 0, false];
  let eValue: number | undefined;
  return {
    count: (label: number): boolean => {
      counted++;
      if (label === target) hits++;
      const decision = test?.update(label === target);
      eValue = decision?.eValue;
      const outOfReach = hits + queries - counted < (stopAtHits ?? 0);
      decided = decision?.rejected === true || hits >= (stopAtHits ?? Infinity) || outOfReach;
      return decided;
    },
    /** `controls`: how many rows the control has, unknown before it begins. */
    report: (done: number, controls?: number): void => {
      const triggered = decided ? counted : queries;
      const total = triggered + (controls ?? (control ? triggered : 0));
      const note = `${hits} hits${eValue === undefined ? '' : `, e = ${eValue.toPrecision(3)}`}`;
      onProgress?.({ done, total, unit: 'queries', note, hits, eValue });
    },
  };
}

function answersOf(labels: readonly number[], rows: Int32Array, samples: Samples, target: number): Answers {
  const count = (wanted: (query: number) => number) =>
    labels.filter((label, query) => label === wanted(query)).length;
  return {
    hits: count(() => target),
    queries: labels.length,
    predictions: Int32Array.from(labels),
    refused: count(() => REFUSED),
    right: count(query => samples.y[rows[query]]),
  };
}

function checkOptions(box: BlackBox, options: ProbeOptions): void {
  const { target, queries, batchSize = 1, concurrency = 1, stopAtHits = 1, budget = 1, ledger } = options;
  check.label('target', target, box.classes);
  check.integer('queries', queries, 1);
  check.integer('batchSize', batchSize, 1);
  check.integer('concurrency', concurrency, 1);
  check.integer('stopAtHits', stopAtHits, 1, queries);
  check.number('budget', budget, '[0, ∞]'); // NaN would be no limit
  if (ledger !== undefined && typeof ledger.open !== 'function')
    check.fail('ledger', ledger, 'ledgerIn(path)');
}
