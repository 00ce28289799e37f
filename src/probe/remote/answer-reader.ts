import { checksOf, shown } from '../../check';

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

/** Shows a value that a service sent within an error message, at most so many characters of it. */
type Quote = (value: unknown, most?: number) => string;

/**
 * An error about what a service sent. Its text may repeat our token: `discreet` is the same message without
 * anything that the service sent.
 */
export class AnswerError extends Error {
  readonly discreet: string;

  constructor(text: (quote: Quote) => string) {
    super(text(shown));
    this.discreet = text(discreetly);
  }
}

function discreetly(value: unknown): string {
  if (typeof value === 'string') return `a text of ${value.length} characters`;
  return Array.isArray(value) ? `a list of ${value.length}` : `a value of type ${typeof value}`;
}

const KINDS = ['label', 'probabilities', 'logits', 'top-k', 'name'] as const;

/** Reads labels in `0..classes-1` from what a service answered for each sample. */
export class AnswerReader {
  private readonly numbers: ReadonlyMap<string, number>;
  /** Whether the names are whole numbers: then an answer of 3 is the class called 3, not class 3. */
  private readonly namedByNumbers: boolean;

  /** @throws Error in the caller's name when the options don't fit together */
  constructor(
    caller: string,
    private readonly options: AnswerOptions,
  ) {
    const { answers, classes, classNames } = options;
    const check = checksOf(caller);
    check.integer('classes', classes, 2);
    check.oneOf('answers', answers, KINDS);
    if (classNames ? new Set(classNames).size !== classes : answers === 'name') {
      check.fail('classNames', classNames, `a name for each of ${classes} classes, no two the same`);
    }
    this.numbers = new Map(classNames?.map((name, label) => [name, label]));
    this.namedByNumbers = classNames?.every(name => /^-?\d+$/.test(name)) ?? false;
  }

  /** @throws AnswerError naming the sample when there is not exactly one valid answer for each of `count` */
  labels(rows: readonly unknown[], count: number): Int32Array {
    if (rows.length !== count) {
      throw new AnswerError(() => `${rows.length} answers, expected ${count}, one a sample`);
    }
    return Int32Array.from({ length: count }, (_, i) => this.label(rows[i], `sample ${i} of ${count}`));
  }

  private label(row: unknown, place: string): number {
    const list = Array.isArray(row) ? row : [row];
    const { answers } = this.options;
    if (answers === 'probabilities' || answers === 'logits') return this.largest(list, place);
    if (answers === 'top-k' ? list.length > 0 : list.length === 1) return this.single(list[0], place);
    throw new AnswerError(
      () => `${place}: ${list.length} values, expected ${answers === 'top-k' ? 'at least 1' : 1}`,
    );
  }

  private largest(scores: readonly unknown[], place: string): number {
    const { classes, answers } = this.options;
    if (scores.length !== classes) {
      throw new AnswerError(() => `${place}: ${scores.length} scores, expected ${classes}`);
    }
    let best = 0;
    scores.forEach((score, label) => {
      const isNumber = Number.isFinite(score) || (answers === 'logits' && score === -Infinity);
      if (typeof score !== 'number' || !isNumber) {
        throw new AnswerError(
          quote => `${place}: score of class ${label} is ${quote(score)}, expected a number`,
        );
      }
      // logits in place of probabilities are a mistake in the options
      if (answers === 'probabilities' && (score < -1e-3 || score > 1 + 1e-3)) {
        throw new AnswerError(
          quote => `${place}: probability of class ${label} is ${quote(score)}, expected 0..1`,
        );
      }
      if (score > (scores[best] as number)) best = label;
    });
    return best;
  }

  private single(value: unknown, place: string): number {
    const { answers, classes, classNames } = this.options;
    const named = typeof value === 'string' || (this.namedByNumbers && Number.isInteger(value));
    let label = named ? this.numbers.get(String(value)) : value;
    if (typeof value === 'string' && label === undefined && answers === 'top-k') {
      label = Number(/^[^:]*:(\d+)(:|$)/.exec(value)?.[1] ?? Number.NaN);
    }
    if (isLabel(label, classes)) return label;
    const names = classNames ? ' or one of the class names' : '';
    throw new AnswerError(
      quote => `${place}: label is ${quote(value)}, expected an integer in 0..${classes - 1}${names}`,
    );
  }
}

export function isLabel(value: unknown, classes: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < classes;
}
