import { z } from 'zod';
import { sha256 } from '../../files';
import { Journal } from '../../journal';
import { REFUSED, type Samples } from '../../types';
import type { AnswerRecord, AnswerRecordStore, AskingPlan, Batch } from '../record';

const count = z.int().min(0);

/** One answered query. */
const answerSchema = z.strictObject({
  /** Its place in the order of asking, from 0. */
  query: count,
  /** The row of the samples that it was made from. */
  row: count,
  /** SHA-256 of the bytes that were asked about, the trigger included. */
  input: z.string(),
  /** The answer; null where the service declined to give one. */
  label: count.nullable(),
  /** How often the query was sent until it was answered. */
  attempt: count,
  /** When the answer was recorded, UTC. */
  time: z.string(),
});

type Answer = z.infer<typeof answerSchema>;

const schema = z.union([
  answerSchema,
  z.strictObject({ sent: z.array(count) }),
  z.strictObject({ unsent: z.array(count) }),
]);

/**
 * Keeps the answers of a probing in the file at `path`; if it exists, the probing goes on where it stopped.
 *
 * The file is a {@link Journal} of one plan. `{"sent":[…]}` is written before queries leave, `{"unsent":[…]}`
 * where it turned out that they never left, and a line for each answer when it comes.
 */
export function ledgerIn(path: string): AnswerRecordStore {
  return { open: plan => new Ledger(path, plan) };
}

class Ledger implements AnswerRecord {
  sent = 0;
  readonly answered: readonly number[];
  private readonly answers = new Map<number, Answer>();
  private readonly attempts = new Map<number, number>();
  private readonly journal: Journal<z.infer<typeof schema>>;

  constructor(
    private readonly path: string,
    plan: AskingPlan,
  ) {
    const kind = { caller: 'ledgerIn', format: 'mib-ledger', version: 2, chained: true, mode: 0o600, schema };
    this.journal = Journal.open(path, { ...kind, about: about(plan) }, line => {
      if ('sent' in line) this.count(line.sent, 1);
      else if ('unsent' in line) this.count(line.unsent, -1);
      else if (!this.answers.has(line.query)) this.answers.set(line.query, line);
      else throw new Error(`query ${line.query} is answered a second time`);
    });
    this.answered = [...this.answers.keys()];
  }

  recall({ queries, rows, inputs }: Batch): Int32Array {
    const hashes = rowHashes(inputs);
    return Int32Array.from(queries, (query, i) => {
      const answer = this.answers.get(query);
      if (answer?.row === rows[i] && answer.input === hashes[i]) return answer.label ?? REFUSED;
      throw new Error(`ledgerIn: ${this.path}: query ${query} does not ask what the plan asks`);
    });
  }

  send(queries: readonly number[]): void {
    this.journal.append([{ sent: [...queries] }]);
    this.count(queries, 1);
  }

  unsend(queries: readonly number[]): void {
    this.journal.append([{ unsent: [...queries] }]);
    this.count(queries, -1);
  }

  answer({ queries, rows, inputs }: Batch, labels: Int32Array): void {
    const time = new Date().toISOString();
    const hashes = rowHashes(inputs);
    const answers = queries.map((query, i) => {
      const label = labels[i] === REFUSED ? null : labels[i];
      return { query, row: rows[i], input: hashes[i], label, attempt: this.attempts.get(query) ?? 1, time };
    });
    this.journal.append(answers);
  }

  flush(): Promise<void> {
    return this.journal.flush();
  }

  close(): void {
    this.journal.close();
  }

  private count(queries: readonly number[], change: number): void {
    this.sent += change * queries.length;
    for (const query of queries) this.attempts.set(query, (this.attempts.get(query) ?? 0) + change);
  }
}

/** What a ledger belongs to, with hashes in place of trigger, samples and labels. */
function about({ trigger, samples, model, ...plan }: AskingPlan): Record<string, unknown> {
  const labels = new Uint8Array(Int32Array.from(samples.y).buffer);
  const inputs = sha256(JSON.stringify([trigger, samples.shape]), bytesOf(samples.x), labels);
  const named = Object.entries(model).map(([key, value]) => [`model.${key}`, value]);
  return { ...plan, inputs, ...Object.fromEntries(named) };
}

function rowHashes({ x, count }: Samples): string[] {
  const bytes = bytesOf(x);
  const width = bytes.length / count;
  return Array.from({ length: count }, (_, i) => sha256(bytes.subarray(i * width, (i + 1) * width)));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
