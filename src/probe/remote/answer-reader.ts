/** What a service answers for each sample, and how to read a label from it. */
export interface AnswerOptions {
  /** Number of classes K. */
  readonly classes: number;
  /**
   * `label`: the class number. `probabilities`, `logits`: one number a class, the largest one counts (the first
   * of equals). `top-k`: a list, best first, of class numbers, class names or Triton's `score:index`.
   * `name`: the class name.
   */
  readonly answers: 'label' | 'probabilities' | 'logits' | 'top-k' | 'name';
  /** Names of the classes, in the order of their numbers, where the service speaks of names. */
  readonly classNames?: readonly string[];
}

/** Reads labels in `0..classes-1` from what a service answered for each sample. */
export class AnswerReader {
  private readonly numbers: ReadonlyMap<string, number>;

  /** @throws Error in the caller's name when the options don't fit together */
  constructor(
    caller: string,
    private readonly options: AnswerOptions,
  ) {
    const { answers, classes, classNames } = options;
    if (!Number.isInteger(classes) || classes < 2) {
      throw new Error(`${caller}: classes is ${classes}, expected an integer of at least 2`);
    }
    const kinds = ['label', 'probabilities', 'logits', 'top-k', 'name'];
    if (!kinds.includes(answers)) {
      throw new Error(`${caller}: answers is ${answers}, expected one of ${kinds.join(', ')}`);
    }
    if (classNames ? classNames.length !== classes : answers === 'name') {
      throw new Error(
        `${caller}: classNames has ${classNames?.length} names, expected one for each of ${classes}`,
      );
    }
    this.numbers = new Map(classNames?.map((name, label) => [name, label]));
  }

  /** @throws Error naming the sample when there is not exactly one valid answer for each of `count` */
  labels(rows: readonly unknown[], count: number): Int32Array {
    if (rows.length !== count) throw new Error(`${rows.length} answers, expected ${count}, one a sample`);
    return Int32Array.from(rows, (row, i) => {
      try {
        return this.label(row);
      } catch (error) {
        throw new Error(`sample ${i} of ${count}: ${(error as Error).message}`);
      }
    });
  }

  private label(row: unknown): number {
    const list = Array.isArray(row) ? row : [row];
    const { answers } = this.options;
    if (answers === 'probabilities' || answers === 'logits') return this.largest(list);
    if (answers === 'top-k' ? list.length > 0 : list.length === 1) return this.single(list[0]);
    throw new Error(`${list.length} values, expected ${answers === 'top-k' ? 'at least 1' : 1}`);
  }

  private largest(scores: readonly unknown[]): number {
    if (scores.length !== this.options.classes)
      throw new Error(`${scores.length} scores, expected ${this.options.classes}`);
    let best = 0;
    scores.forEach((score, label) => {
      if (typeof score !== 'number' || !Number.isFinite(score)) {
        throw new Error(`score of class ${label} is ${excerpt(score)}, expected a number`);
      }
      // a service that sends logits for probabilities is a mistake of ours worth hearing about
      if (this.options.answers === 'probabilities' && (score < -1e-3 || score > 1 + 1e-3)) {
        throw new Error(`probability of class ${label} is ${score}, expected 0..1`);
      }
      if (score > (scores[best] as number)) best = label;
    });
    return best;
  }

  private single(value: unknown): number {
    let label = typeof value === 'string' ? this.numbers.get(value) : value;
    if (typeof value === 'string' && label === undefined && this.options.answers === 'top-k') {
      label = Number(/^[^:]*:(\d+)(:|$)/.exec(value)?.[1] ?? Number.NaN);
    }
    if (typeof label === 'number' && Number.isInteger(label) && label >= 0 && label < this.options.classes) {
      return label;
    }
    const names = this.options.classNames ? ' or one of the class names' : '';
    throw new Error(
      `label is ${excerpt(value)}, expected an integer in 0..${this.options.classes - 1}${names}`,
    );
  }
}

/** A short piece of whatever a stranger sent, safe to show in a message. */
export function excerpt(value: unknown): string {
  const text = typeof value === 'string' ? value.slice(0, 200) : value;
  const shown = JSON.stringify(text) ?? String(value);
  return shown.length > 100 ? `${shown.slice(0, 100)}…` : shown;
}
