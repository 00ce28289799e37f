import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { sha256 } from '../../files';
import { takeLock } from '../../lock';
import { REFUSED, type Samples } from '../../types';
import type { AnswerRecord, AnswerRecordStore, AskingPlan, Batch } from '../record';

/** What a ledger is bound to: another plan can't be continued in it. Hashes are SHA-256, in hex. */
export interface LedgerPlan {
  readonly seed: number;
  readonly target: number;
  readonly classes: number;
  readonly queries: number;
  readonly anyLabel: boolean;
  /** Hash of the trigger, the samples and their labels. */
  readonly inputs: string;
  /** The model that is asked: its name, and what shapes questions and labels. */
  readonly model: Readonly<Record<string, unknown>>;
}

/** One answered query. */
export interface LedgerAnswer {
  /** Its place in the order of asking, from 0. */
  readonly query: number;
  /** The row of the samples that it was made from. */
  readonly row: number;
  /** Hash of the bytes that were asked about, the trigger included. */
  readonly input: string;
  /** The answer; null where the service refused to give one. */
  readonly label: number | null;
  /** How often the query was sent until it was answered. */
  readonly attempt: number;
  /** When the answer was recorded, UTC. */
  readonly time: string;
}

type Line =
  | { ledger: 1; plan: LedgerPlan }
  | { sent: readonly number[] }
  | { unsent: readonly number[] }
  | LedgerAnswer;

/**
 * The record of a probing, one JSON object a line, so that a query that was paid for is never lost and never
 * asked twice, whatever kills the process.
 *
 * First line: the plan. Then, as it happens: `{"sent":[…]}` before queries leave, one {@link LedgerAnswer} for
 * each that came back; `{"unsent":[…]}` where it turned out that they never left. Every line ends with `chain`, a hash of itself and the line before. An answer is written
 * when it comes, safe from `kill -9`, and counts when it was flushed to the disk; answers of a fast model are flushed
 * together, so a power cut can cost the last 20 ms of them. One process at a time has a ledger open. A last line torn by a crash is dropped with a
 * warning (its answer never counted); any other damage is refused.
 */
export class Ledger {
  /** What was answered so far, by query. */
  readonly answers = new Map<number, LedgerAnswer>();
  /** Queries sent so far, repetitions included: what a service may charge. */
  sent = 0;
  private readonly attempts = new Map<number, number>();
  private size = 0;
  private chain = '';
  private readonly unflushed: LedgerAnswer[] = [];

  private constructor(
    readonly path: string,
    private readonly file: number,
    private readonly unlock: () => void,
  ) {}

  /**
   * Starts the ledger at `path`, or continues it.
   *
   * @throws Error when another process has it open, it belongs to another plan, it is damaged or can't be written
   */
  static open(path: string, plan: LedgerPlan): Ledger {
    const unlock = takeLock(path);
    let file: number | undefined;
    try {
      file = openSync(path, 'a+', 0o600);
      const ledger = new Ledger(path, file, unlock);
      ledger.load(plan);
      return ledger;
    } catch (error) {
      if (file !== undefined) closeSync(file);
      unlock();
      throw error;
    }
  }

  /** Notes that `queries` are about to be sent, once more where they were sent before. */
  send(queries: readonly number[]): void {
    this.append([{ sent: queries }]);
    this.countSent(queries);
  }

  /** Takes the last {@link send} of `queries` back: they never left this machine. */
  unsend(queries: readonly number[]): void {
    this.append([{ unsent: queries }]);
    this.countSent(queries, -1);
  }

  /** Writes answers down. They are safe from a crash of the process, and count after {@link flush}. */
  answer(answers: readonly Omit<LedgerAnswer, 'attempt' | 'time'>[]): void {
    const time = new Date().toISOString();
    const entries = answers.map(({ query, row, input, label }) => {
      const attempt = this.attempts.get(query) ?? 1;
      return { query, row, input, label, attempt, time };
    });
    this.append(entries);
    this.unflushed.push(...entries);
  }

  /** Resolves when all answers written so far are on the disk, safe from a power cut, and may count. */
  async flush(): Promise<void> {
    const entries = this.unflushed.splice(0);
    await promisify(fdatasync)(this.file).catch(error => this.fail(error));
    for (const entry of entries) this.answers.set(entry.query, entry);
  }

  close(): void {
    closeSync(this.file);
    this.unlock();
  }

  private load(plan: LedgerPlan): void {
    const bytes = readFileSync(this.path);
    this.size = bytes.lastIndexOf('\n') + 1;
    if (this.size < bytes.length) {
      ftruncateSync(this.file, this.size);
      process.emitWarning(
        `${this.path}: dropped the torn last line (${bytes.length - this.size} bytes); its answer never counted`,
      );
    }
    const lines = bytes.toString('utf8', 0, this.size).split('\n').slice(0, -1);
    lines.forEach((text, i) => {
      try {
        this.take(this.unchained(text), i === 0, plan);
      } catch (error) {
        throw new Error(`Ledger: ${this.path}:${i + 1}: ${(error as Error).message}`);
      }
    });
    if (lines.length > 0) return;
    this.append([{ ledger: 1, plan }]);
    fsyncSync(this.file);
    syncFolder(dirname(this.path));
  }

  private unchained(text: string): Line {
    const { chain, ...line } = JSON.parse(text);
    this.chain = this.link(JSON.stringify(line));
    if (chain !== this.chain || text !== JSON.stringify({ ...line, chain })) {
      throw new Error('the line or the one before was altered, expected them as they were written');
    }
    return line;
  }

  private take(line: Line, first: boolean, plan: LedgerPlan): void {
    if (first !== 'ledger' in line) throw new Error('expected the plan on the first line and nowhere else');
    if ('ledger' in line) requireSamePlan(line.plan, plan);
    else if ('sent' in line) this.countSent(line.sent);
    else if ('unsent' in line) this.countSent(line.unsent, -1);
    else if (this.answers.has(line.query)) throw new Error(`query ${line.query} is answered a second time`);
    else this.answers.set(line.query, line);
  }

  private link(json: string): string {
    return sha256(this.chain + json).slice(0, 16);
  }

  private countSent(queries: readonly number[], change = 1): void {
    this.sent += change * queries.length;
    for (const query of queries) this.attempts.set(query, (this.attempts.get(query) ?? 0) + change);
  }

  private append(lines: readonly Line[]): void {
    const { chain } = this;
    let text = '';
    for (const line of lines) {
      const json = JSON.stringify(line);
      this.chain = this.link(json);
      text += `${json.slice(0, -1)},"chain":"${this.chain}"}\n`;
    }
    const bytes = Buffer.from(text);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.file, bytes, written);
    } catch (error) {
      this.chain = chain;
      ftruncateSync(this.file, this.size); // half a line would be damage in the middle of the file
      this.fail(error as Error);
    }
    this.size += bytes.length;
  }

  private fail(error: Error): never {
    throw new Error(
      `Ledger: can't write to ${this.path} (${error.message}), expected room on the disk; ` +
        `the ${this.answers.size + this.unflushed.length} answers recorded so far are safe: make room and run again`,
      { cause: error },
    );
  }
}

/** Keeps the answers of a probing in the file at `path`; if it exists, the probing goes on where it stopped. */
export function ledgerIn(path: string): AnswerRecordStore {
  return { open: plan => recordIn(path, plan) };
}

function recordIn(path: string, plan: AskingPlan): AnswerRecord {
  const { trigger, samples, seed, target, classes, queries, anyLabel, model } = plan;
  const labels = Buffer.from(Int32Array.from(samples.y).buffer);
  const inputs = sha256(JSON.stringify([trigger, samples.shape]), samples.x, labels);
  const ledger = Ledger.open(path, { seed, target, classes, queries, anyLabel, inputs, model });
  const recall = ({ queries, rows, inputs }: Batch): Int32Array => {
    const hashes = rowHashes(inputs);
    return Int32Array.from(queries, (query, i) => {
      const answer = ledger.answers.get(query);
      if (answer?.row === rows[i] && answer.input === hashes[i]) return answer.label ?? REFUSED;
      throw new Error(`Ledger: ${path}: query ${query} does not ask what the plan asks`);
    });
  };
  const answer = ({ queries, rows, inputs }: Batch, labels: Int32Array): void => {
    const hashes = rowHashes(inputs);
    ledger.answer(
      queries.map((query, i) => {
        const label = labels[i] === REFUSED ? null : labels[i];
        return { query, row: rows[i], input: hashes[i], label };
      }),
    );
  };
  return {
    get sent() {
      return ledger.sent;
    },
    answered: [...ledger.answers.keys()],
    recall,
    send: queries => ledger.send(queries),
    unsend: queries => ledger.unsend(queries),
    answer,
    flush: () => ledger.flush(),
    close: () => ledger.close(),
  };
}

/** SHA-256 of each row's bytes. */
function rowHashes({ x, count }: Samples): string[] {
  const width = x.length / count;
  return Array.from({ length: count }, (_, i) => sha256(x.subarray(i * width, (i + 1) * width)));
}

function requireSamePlan(found: LedgerPlan, wanted: LedgerPlan): void {
  const flat = ({ model, ...plan }: LedgerPlan) => {
    const entries = Object.entries(model ?? {}).map(([key, value]) => [`model.${key}`, value]);
    return new Map(Object.entries({ ...plan, ...Object.fromEntries(entries) }));
  };
  const [before, now] = [flat(found), flat(wanted)];
  for (const key of new Set([...now.keys(), ...before.keys()])) {
    const [was, is] = [before, now].map(plan => JSON.stringify(plan.get(key)));
    if (was !== is)
      throw new Error(`the ledger belongs to another plan: its ${key} is ${was}, expected ${is}`);
  }
}

/** Makes a new file's name as durable as its contents (Windows does so by itself and can't open folders). */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
