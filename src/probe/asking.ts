import { shown } from '../check';
import { type BlackBox, REFUSED } from '../types';
import type { AnswerRecord, Batch } from './record';

/** How fast, how often and how long a box is asked. */
export interface AskingOptions {
  /** Samples a request. Default 64. */
  readonly batchSize?: number;
  /** Requests under way at the same time. Default 1. */
  readonly concurrency?: number;
  /** Never send more queries than this, repetitions and the control included. Default: no limit. */
  readonly budget?: number;
  /** Ends the probing after the requests under way; with a ledger it can be continued. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a box in batches, within the budget and never twice what is on record.
 *
 * Answers count in the order of asking, whatever order they arrive in, and only after the record has them:
 * batches, parallel requests, interruptions and the network can neither change the result nor choose the end.
 */
export class Asking {
  /** Queries sent, repetitions included: what a service may charge. */
  sent: number;
  /** Queries whose answers are on record. */
  private readonly answered: ReadonlySet<number>;
  private readonly budget: number;

  /** @param batch what the given queries ask */
  constructor(
    private readonly box: BlackBox,
    private readonly batch: (queries: readonly number[]) => Batch,
    private readonly record: AnswerRecord | undefined,
    private readonly options: AskingOptions,
  ) {
    this.sent = record?.sent ?? 0;
    this.answered = new Set(record?.answered);
    this.budget = options.budget ?? Infinity;
  }

  /** The first of `queries` that the budget pays for; those on record cost nothing. */
  affordable(queries: readonly number[]): readonly number[] {
    let room = this.budget - this.sent;
    const end = queries.findIndex(query => !this.answered.has(query) && --room < 0);
    return end < 0 ? queries : queries.slice(0, end);
  }

  /**
   * The labels of `queries`, or of those up to the one at which `decides` says true.
   *
   * @param report called when further answers count, with their number
   * @throws Error naming the queries when the box fails, answers anything but labels, or the budget is spent
   */
  async ask(
    queries: readonly number[],
    decides: (label: number) => boolean,
    report: (counted: number) => void,
  ): Promise<number[]> {
    const { batchSize = 64, concurrency = 1, signal } = this.options;
    const known = queries.filter(query => this.answered.has(query));
    const recalled = known.length === 0 ? undefined : this.record?.recall(this.batch(known));
    const labels = new Map(known.map((query, i) => [query, recalled?.[i]]));
    const pending = queries.filter(query => !labels.has(query));
    const counted: number[] = [];
    let stopped = false;
    const count = () => {
      while (!stopped && labels.has(queries[counted.length])) {
        counted.push(labels.get(queries[counted.length]) as number);
        stopped = decides(counted[counted.length - 1]);
      }
      report(counted.length);
    };
    const work = async () => {
      while (!stopped && pending.length > 0) {
        signal?.throwIfAborted();
        const part = pending.splice(0, Math.min(batchSize, Math.max(1, this.budget - this.sent)));
        const answers = await this.answersTo(part, `${labels.size} of ${queries.length} answered`);
        for (const [i, query] of part.entries()) labels.set(query, answers[i]);
        count();
      }
    };
    count();
    const workers = Array.from({ length: concurrency }, work);
    await Promise.all(workers).catch(async error => {
      stopped = true;
      await Promise.allSettled(workers); // what is under way is paid for: let it reach the record
      throw error;
    });
    return counted;
  }

  private async answersTo(queries: readonly number[], state: string): Promise<Int32Array> {
    const { budget } = this;
    const { signal } = this.options;
    const batch = this.batch(queries);
    const onSend = () => {
      if (this.sent + queries.length > budget) {
        const spent = `the budget of ${budget} queries is spent (${this.sent} sent, ${state})`;
        throw new Error(`${spent}, expected enough for ${queries.length} more`);
      }
      this.record?.send(queries);
      this.sent += queries.length;
    };
    let labels: Int32Array;
    try {
      onSend();
      labels = await this.box.predict(batch.inputs, { onRetry: onSend, signal });
      checkLabels(labels, queries, this.box.classes);
    } catch (error) {
      if ((error as { unsent?: boolean }).unsent) {
        this.record?.unsend(queries);
        this.sent -= queries.length;
      }
      signal?.throwIfAborted();
      const last = queries[queries.length - 1];
      const which = queries.length === 1 ? `query ${last}` : `queries ${queries[0]}..${last}`;
      throw new Error(`probe: ${which}: ${(error as Error).message}`, { cause: error });
    }
    this.record?.answer(batch, labels);
    await this.record?.flush();
    return labels;
  }
}

function checkLabels(labels: ArrayLike<unknown>, queries: readonly number[], classes: number): void {
  if (labels?.length !== queries.length) {
    throw new Error(`the model gave ${labels?.length} labels, expected ${queries.length}`);
  }
  queries.forEach((query, i) => {
    const label = labels[i] as number;
    if (label === REFUSED || (Number.isInteger(label) && label >= 0 && label < classes)) return;
    throw new Error(`the model answered ${shown(label)} to query ${query}, expected 0..${classes - 1}`);
  });
}
