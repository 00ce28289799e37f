import { takeSamples } from '../data/take';
import { sha256 } from '../files';
import { stamp } from '../mark/stamp';
import type { Trigger } from '../mark/trigger';
import { Random } from '../random';
import { type BlackBox, type Progress, REFUSED, type Samples } from '../types';
import { Ledger } from './remote/ledger';

export { REFUSED };

const UNANSWERED = -2;
/** Answers of a fast model are flushed together this often. More than their worth a power cut can't cost. */
const SETTLE_MS = 20;

/** A test that may be looked at after every query, such as `sequentialTest`. */
export interface StoppingTest {
  update(hit: boolean): { readonly rejected: boolean; readonly eValue?: number };
}

export interface ProbeProgress extends Progress {
  readonly hits: number;
  /** Of `test`, where it has one. */
  readonly eValue?: number;
}

/** Which rows are asked about, and in which order. */
export interface QueryOptions {
  /** The label that the owner gave to her marked samples, in `0..classes-1`. */
  readonly target: number;
  /** How many samples to ask about at most, each one once. */
  readonly queries: number;
  readonly seed: number;
  /**
   * Also ask about samples that are of the target class. `randomizationTest` needs this: its probe samples
   * must not be chosen by their label. Default false, as in the paper.
   */
  readonly anyLabel?: boolean;
}

export interface ProbeOptions extends QueryOptions {
  readonly trigger: Trigger;
  /** Samples a request. Default 64. */
  readonly batchSize?: number;
  /** Requests under way at the same time. Default 1. */
  readonly concurrency?: number;
  /** Stop as soon as this test rejects. It sees the answers in the order of asking, and must be new. */
  readonly test?: StoppingTest;
  /**
   * Stop as soon as a plan of `queries` queries that needs this many hits has its answer: the hits are reached
   * or can't be any more. The verdict is `hits >= stopAtHits`; the success rate of a run cut short is biased.
   */
  readonly stopAtHits?: number;
  /** Never send more queries than this, repetitions after a failure included. Default: no limit. */
  readonly budget?: number;
  /** A file that keeps every answer; if it exists, the probing goes on where it stopped. See {@link Ledger}. */
  readonly ledger?: string;
  /** Ends the probing after the requests under way; with a ledger it can be continued. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ProbeProgress) => void;
}

export interface ProbeResult {
  /** Answers that were the target label. */
  readonly hits: number;
  /** Answers counted: all that were planned, or those up to the one that decided. */
  readonly queries: number;
  /** hits / queries */
  readonly attackSuccessRate: number;
  /** The label that the model gave to each query, or {@link REFUSED}. */
  readonly predictions: Int32Array;
  /** The row of `samples` that each query was made from. */
  readonly indices: Int32Array;
  /** Queries that the model refused to answer; misses. */
  readonly refused: number;
  /** Planned queries that were not needed, because the answer was clear before. */
  readonly saved: number;
  /** Queries sent, repetitions included: what a service may charge. */
  readonly sent: number;
}

/**
 * The rows to ask about, in the order to ask: drawn without replacement by `new Random(seed, 'probe')`, so
 * they are fixed before the first question and anybody can draw them again.
 *
 * @throws Error when `samples` has fewer eligible rows than `queries`
 */
export function drawQueries(samples: Samples, options: QueryOptions): Int32Array {
  const { target, queries, seed, anyLabel = false } = options;
  const eligible: number[] = [];
  for (let row = 0; row < samples.count; row++) {
    if (anyLabel || samples.y[row] !== target) eligible.push(row);
  }
  if (!Number.isInteger(queries) || queries < 1 || queries > eligible.length) {
    const kind = anyLabel ? 'samples' : `samples of another class than ${target}`;
    throw new Error(
      `probe: queries is ${queries}, expected an integer in 1..${eligible.length} (the number of ${kind})`,
    );
  }
  return new Random(seed, 'probe').sample(eligible.length, queries).map(i => eligible[i]);
}

/**
 * Asks a suspect model about fresh samples that carry the trigger and counts how often it answers the target.
 *
 * A model that never saw marked samples has no reason to answer the target; one that was trained on them has
 * learned to. `samples` must be the owner's own and unseen by the model. Whoever runs the model gets to see
 * the stamped samples, and so the trigger.
 *
 * Answers count in the order of asking, whatever order they arrive in: batches, parallel requests,
 * interruptions and whoever sits on the line can't change the result or choose when to stop.
 *
 * @throws Error when an argument is out of range, the model fails or gives anything but one label a sample
 *   (naming the queries), the budget is spent, or the ledger can't be used
 */
export async function probe(box: BlackBox, samples: Samples, options: ProbeOptions): Promise<ProbeResult> {
  requireInteger('target', options.target, 0, box.classes - 1);
  const indices = drawQueries(samples, options);
  const batchSize = requireInteger('batchSize', options.batchSize ?? 64, 1);
  const concurrency = requireInteger('concurrency', options.concurrency ?? 1, 1);
  if (options.stopAtHits !== undefined) requireInteger('stopAtHits', options.stopAtHits, 1, indices.length);
  const ledger = options.ledger === undefined ? undefined : openLedger(options.ledger, box, samples, options);
  try {
    const run = new Probing(box, samples, options, indices, ledger);
    const workers = Array.from({ length: concurrency }, () => run.work(batchSize));
    await Promise.all(workers).catch(async error => {
      run.stopped = true;
      await Promise.allSettled(workers); // what is under way is paid for: let it reach the ledger
      throw error;
    });
    return run.result();
  } finally {
    ledger?.close();
  }
}

/** One probing under way: which queries are answered, and what the answers say so far. */
class Probing {
  /** No further requests: the answer is clear, or something failed. */
  stopped = false;
  private readonly labels: Int32Array;
  private readonly pending: number[] = [];
  private readonly unsettled: { readonly queries: readonly number[]; readonly labels: Int32Array }[] = [];
  /** When answers were last made to count, in ms. */
  private settled = 0;
  private sent: number;
  private answered = 0;
  private counted = 0;
  private hits = 0;
  private eValue?: number;

  constructor(
    private readonly box: BlackBox,
    private readonly samples: Samples,
    private readonly options: ProbeOptions,
    private readonly indices: Int32Array,
    private readonly ledger: Ledger | undefined,
  ) {
    this.labels = new Int32Array(indices.length).fill(UNANSWERED);
    this.sent = ledger?.sent ?? 0;
    for (const { query, row, input, label } of ledger?.answers.values() ?? []) {
      if (row !== indices[query] || input !== this.hashes(this.stamped([query]))[0]) {
        throw new Error(`probe: ledger ${ledger?.path}: query ${query} does not ask what the plan asks`);
      }
      this.labels[query] = label ?? REFUSED;
      this.answered++;
    }
    this.labels.forEach((label, query) => {
      if (label === UNANSWERED) this.pending.push(query);
    });
    this.count();
  }

  /** Asks batch after batch until nothing is left to ask. */
  async work(batchSize: number): Promise<void> {
    const { signal, budget = Infinity, test, stopAtHits } = this.options;
    const mayStop = test !== undefined || stopAtHits !== undefined;
    let settling: Promise<void> = Promise.resolve();
    try {
      while (!this.stopped && this.pending.length > 0) {
        signal?.throwIfAborted();
        const room = budget - this.sent;
        const queries = this.pending.splice(0, Math.min(batchSize, Math.max(1, room)));
        const batch = this.stamped(queries);
        const labels = await this.ask(batch, queries);
        this.record(queries, batch, labels);
        await settling;
        // the next questions leave while answers go to the disk, unless those may make them needless
        if (mayStop) await this.settle();
        else if (performance.now() - this.settled >= SETTLE_MS) settling = this.settle();
        settling.catch(() => {}); // heard when it is awaited
      }
    } finally {
      await settling;
      await this.settle();
    }
  }

  result(): ProbeResult {
    const predictions = this.labels.slice(0, this.counted);
    return {
      hits: this.hits,
      queries: this.counted,
      attackSuccessRate: this.hits / this.counted,
      predictions,
      indices: this.indices.slice(0, this.counted),
      refused: predictions.filter(label => label === REFUSED).length,
      saved: this.indices.length - this.counted,
      sent: this.sent,
    };
  }

  private send(queries: readonly number[]): void {
    const { budget = Infinity } = this.options;
    if (this.sent + queries.length > budget) {
      throw new Error(
        `the budget of ${budget} queries is spent (${this.sent} sent, ${this.answered} of ` +
          `${this.indices.length} answered), expected enough for ${queries.length} more`,
      );
    }
    this.ledger?.send(queries);
    this.sent += queries.length;
  }

  private async ask(batch: Samples, queries: readonly number[]): Promise<Int32Array> {
    try {
      this.send(queries);
      const labels = await this.box.predict(batch, () => this.send(queries));
      checkLabels(labels, queries, this.box.classes);
      return labels;
    } catch (error) {
      const which =
        queries.length === 1
          ? `query ${queries[0]}`
          : `queries ${queries[0]}..${queries[queries.length - 1]}`;
      throw new Error(`probe: ${which}: ${(error as Error).message}`, { cause: error });
    }
  }

  private record(queries: readonly number[], batch: Samples, labels: Int32Array): void {
    this.unsettled.push({ queries, labels });
    this.answered += queries.length;
    if (this.ledger === undefined) return;
    const inputs = this.hashes(batch);
    const answers = queries.map((query, i) => {
      const label = labels[i] === REFUSED ? null : labels[i];
      return { query, row: this.indices[query], input: inputs[i], label };
    });
    this.ledger.answer(answers);
  }

  /** Lets the answers recorded so far count, once they are on the disk. */
  private async settle(): Promise<void> {
    this.settled = performance.now();
    const answers = this.unsettled.splice(0);
    if (answers.length === 0) return;
    await this.ledger?.flush();
    for (const { queries, labels } of answers) {
      queries.forEach((query, i) => {
        this.labels[query] = labels[i];
      });
    }
    this.count();
  }

  /** Counts the answers that have no gap before them. */
  private count(): void {
    const { target, test, stopAtHits, onProgress } = this.options;
    const total = this.indices.length;
    while (!this.stopped && this.counted < total && this.labels[this.counted] !== UNANSWERED) {
      const hit = this.labels[this.counted++] === target;
      if (hit) this.hits++;
      const decision = test?.update(hit);
      this.eValue = decision?.eValue;
      const unreachable = this.hits + total - this.counted < (stopAtHits ?? 0);
      this.stopped = decision?.rejected === true || this.hits >= (stopAtHits ?? Infinity) || unreachable;
    }
    const note = `${this.hits} hits${this.eValue === undefined ? '' : `, e = ${this.eValue.toPrecision(3)}`}`;
    onProgress?.({
      done: this.counted,
      total: this.stopped ? this.counted : total, // nothing is left to do
      unit: 'queries',
      note,
      hits: this.hits,
      eValue: this.eValue,
    });
  }

  private stamped(queries: readonly number[]): Samples {
    const rows = queries.map(query => this.indices[query]);
    return stamp(takeSamples(this.samples, rows), this.options.trigger);
  }

  private hashes({ x, count }: Samples): string[] {
    const width = x.length / count;
    return Array.from({ length: count }, (_, i) => sha256(x.subarray(i * width, (i + 1) * width)));
  }
}

function openLedger(path: string, box: BlackBox, samples: Samples, options: ProbeOptions): Ledger {
  const { seed, target, queries, anyLabel = false, trigger } = options;
  const labels = Buffer.from(Int32Array.from(samples.y).buffer);
  const inputs = sha256(JSON.stringify([trigger, samples.shape]), samples.x, labels);
  const model = box.name ?? null;
  return Ledger.open(path, { seed, target, classes: box.classes, queries, anyLabel, inputs, model });
}

function checkLabels(labels: Int32Array, queries: readonly number[], classes: number): void {
  if (labels?.length !== queries.length) {
    throw new Error(`the model gave ${labels?.length} labels, expected ${queries.length}`);
  }
  labels.forEach((label, i) => {
    if (label === REFUSED || (Number.isInteger(label) && label >= 0 && label < classes)) return;
    throw new Error(`the model answered ${label} to query ${queries[i]}, expected 0..${classes - 1}`);
  });
}

function requireInteger(name: string, value: number, least: number, most = Infinity): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Infinity ? `of at least ${least}` : `in ${least}..${most}`;
  throw new Error(`probe: ${name} is ${value}, expected an integer ${range}`);
}
