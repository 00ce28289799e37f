import type { Trigger } from '../mark/trigger';
import type { Samples } from '../types';

/** Everything that decides what a probing asks. A record belongs to one plan and to no other. */
export interface AskingPlan {
  readonly trigger: Trigger;
  readonly samples: Samples;
  readonly target: number;
  readonly classes: number;
  readonly queries: number;
  readonly anyLabel: boolean;
  readonly seed: number;
  /** The model that is asked: its name, and what shapes questions and labels. Plain JSON. */
  readonly model: Readonly<Record<string, unknown>>;
}

/** Queries as they are asked: their places in the order of asking, their rows, and the stamped samples. */
export interface Batch {
  readonly queries: readonly number[];
  /** The row of the plan's samples that each query was made from. */
  readonly rows: ArrayLike<number>;
  readonly inputs: Samples;
}

/** Where the answers of a probing are kept, so that it can be continued. `ledgerIn` makes one of a file. */
export interface AnswerRecordStore {
  /**
   * Starts the record, or continues it.
   *
   * @throws Error when it belongs to another plan, is in use, or can't be read or written
   */
  open(plan: AskingPlan): AnswerRecord;
}

/** The answers of one probing: a query that was paid for is never lost and never asked twice. */
export interface AnswerRecord {
  /** Queries sent so far, repetitions included: what a service may charge. */
  readonly sent: number;
  /** The queries answered before the record was opened. */
  readonly answered: readonly number[];
  /**
   * The labels recorded for a batch of answered queries, `REFUSED` among them.
   *
   * @throws Error when one of them was recorded for another row or another input
   */
  recall(batch: Batch): Int32Array;
  /** Notes that `queries` are about to be sent, once more where they were sent before. */
  send(queries: readonly number[]): void;
  /** Takes the last {@link send} of `queries` back: they never left this machine. */
  unsend(queries: readonly number[]): void;
  /** Writes answers down; they count after {@link flush}. */
  answer(batch: Batch, labels: Int32Array): void;
  /** Resolves when all answers written so far are safe, and may count. */
  flush(): Promise<void>;
  close(): void;
}
