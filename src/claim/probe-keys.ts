import { checksOf } from '../check';
import { takeSamples } from '../data/take';
import type { keysSequentialTest } from '../decide/keys-sequential';
import { countVotes } from '../decide/randomization';
import { markRows } from '../mark/mark';
import { Asking, type AskingOptions } from '../probe/asking';
import type { AnswerRecordStore, Batch } from '../probe/record';
import { type BlackBox, type Progress, REFUSED, type Samples } from '../types';
import type { MarkKey } from './derive';

export interface KeysOptions extends AskingOptions {
  /** Rows that are also asked as they are, without a trigger. Default: none. */
  readonly control?: readonly number[];
  /** The order of all questions, see `Group`. Default, and with `sequential`: key after key, then the control. */
  readonly order?: readonly number[];
  /** The plan's sequential test, a new one: no further key is asked after the one with which it rejects. */
  readonly sequential?: ReturnType<typeof keysSequentialTest>;
  /** Keeps every answer, so that an interrupted asking goes on where it stopped: `ledgerIn(path)`. */
  readonly ledger?: AnswerRecordStore;
  readonly onProgress?: (progress: Progress) => void;
}

export interface KeysProbing {
  /** The answers to each key's questions, in the order of its `probes`: labels, or `REFUSED`. */
  readonly answers: readonly Int32Array[];
  /** The answers to the questions without a trigger, in the order of `control`. */
  readonly control: Int32Array;
  /** Questions that the model declined to answer, the control included. */
  readonly refused: number;
  /** Questions sent, repetitions included. */
  readonly sent: number;
}

/**
 * Asks about the probe rows of every key, stamped with its trigger; `countVotes` and `randomizationTest` go on
 * from the answers.
 *
 * Which rows are asked about, and how many, was fixed by the key. An owner who could choose them would ask about
 * samples of class y_j, which any good model answers with y_j; so there is no choice, and no stop but that of the
 * plan's sequential test.
 *
 * @param samples the set that the key was made with, `data.test` of `createKey`
 * @throws as `probe` does
 */
export async function probeKeys(
  box: BlackBox,
  samples: Samples,
  keys: readonly MarkKey[],
  options: KeysOptions = {},
): Promise<KeysProbing> {
  const { control = [], sequential, onProgress } = options;
  checksOf('probeKeys').integer('number of keys', keys.length, 1);
  const questions = [
    ...keys.flatMap((key, j) => key.probes.map(row => ({ row, j }))),
    ...control.map(row => ({ row, j: keys.length })),
  ];
  const total = questions.length;
  const order = (sequential ? undefined : options.order) ?? questions.map((_, i) => i);
  const batch = (queries: readonly number[]): Batch => {
    const asked = queries.map(query => questions[order[query]]);
    const rows = asked.map(({ row }) => row);
    const marks = asked.flatMap(({ j }, i) => (j < keys.length ? [{ ...keys[j], rows: [i] }] : []));
    const blank = { ...takeSamples(samples, rows), y: new Int32Array(rows.length) };
    return { queries, rows, inputs: { ...markRows(blank, marks), y: blank.y } }; // no label leaves
  };
  const [{ trigger, target }] = keys;
  const { classes, name, settings } = box;
  const model = { name, ...settings };
  const plan = { trigger, target, samples, classes, queries: total, anyLabel: true, seed: order[0], model };
  const record = options.ledger?.open(plan);
  try {
    const asking = new Asking(box, batch, record, options);
    const labels = new Int32Array(total);
    let done = 0;
    const ask = async (queries: readonly number[]) => {
      const report = (counted: number) => onProgress?.({ done: done + counted, total, unit: 'queries' });
      const answers = await asking.ask(queries, () => false, report);
      queries.forEach((query, i) => {
        labels[order[query]] = answers[i];
      });
      done += queries.length;
    };
    const placesOf = (j: number) => questions.flatMap((question, i) => (question.j === j ? [i] : []));
    const answersOf = (j: number) => Int32Array.from(placesOf(j), place => labels[place]);
    let asked = keys.length;
    if (sequential === undefined) await ask(order.map((_, query) => query));
    else {
      asked = 0;
      for (let rejected = false; asked < keys.length && !rejected; asked++) {
        await ask(placesOf(asked));
        const { target } = keys[asked];
        rejected = sequential.update(countVotes(answersOf(asked), classes), target).rejected;
      }
      await ask(placesOf(keys.length));
    }
    const answers = keys.slice(0, asked).map((_, j) => answersOf(j));
    const untriggered = answersOf(keys.length);
    const refused = [...answers, untriggered].flatMap(each => [...each]).filter(label => label === REFUSED);
    return { answers, control: untriggered, refused: refused.length, sent: asking.sent };
  } finally {
    record?.close();
  }
}
