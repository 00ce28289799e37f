/**
 * What a test found: a read-only record that prints itself in one line.
 *
 * A rejected null hypothesis is evidence for `alternative`; it is wrong with probability at most `alpha` when
 * the null hypothesis and the `assumptions` hold. A null hypothesis that is *not* rejected is no evidence of
 * anything: a model that learnt little from the marks looks the same.
 */
export interface Decision {
  /** The function that decided. */
  readonly method: string;
  /** What an innocent party would say; rejected or not. */
  readonly nullHypothesis: string;
  /** What rejection is evidence for, e.g. `the model was trained on the marked data`. */
  readonly alternative: string;
  /** What has to be true for `alpha` to hold. */
  readonly assumptions: readonly string[];
  /** The number that the decision rests on; each test says which. */
  readonly statistic: number;
  /** Probability of so extreme a statistic under the null hypothesis, or an upper bound; 0 only in Theorem 1. */
  readonly pValue: number;
  /** Of tests that may be looked at any time: evidence against the null hypothesis, 1/alpha or more rejects. */
  readonly eValue?: number;
  /** Significance level, at most ½. */
  readonly alpha: number;
  readonly rejected: boolean;
}

/** How many queries were asked, and how many were answered with the target label; a refusal is no hit. */
export interface Hits {
  readonly hits: number;
  readonly queries: number;
}

/** Levels above ½ protect nobody, and near 1 the tolerance of {@link significant} would reject p = 1. */
export const LEVELS = '(0, 0.5]';

/** Below this, sums of probabilities lose digits to underflow; smaller p-values are reported as this bound. */
const smallestPValue = 1e-300;

/** A computed probability as a p-value: within 1e-300..1, so never an impossible 0. */
export function pValueOf(probability: number): number {
  return Math.min(1, Math.max(smallestPValue, probability));
}

/** p ≤ alpha; an exact tie, as 0.1² against 0.01, is not left to the last bit. A p-value of 1 never is. */
export function significant(pValue: number, alpha: number): boolean {
  return pValue < 1 && pValue <= alpha * (1 + 1e-12);
}

type Draft = Omit<Decision, 'alternative' | 'rejected'> & Partial<Decision>;

/**
 * A frozen record that prints itself: method, `observed`, the p- or e-value against alpha, the verdict.
 *
 * @param draft unless given, `rejected` is p ≤ alpha and `alternative` that the marked data were used
 */
export function decision<T extends Draft>(draft: T, observed: string): Readonly<T & Decision> {
  const record = {
    alternative: 'the model was trained on the marked data',
    rejected: significant(draft.pValue, draft.alpha),
    ...draft,
  };
  const { method, pValue, eValue, alpha, rejected, alternative } = record;
  const line = () => {
    const evidence = eValue === undefined ? '' : `e = ${short(eValue)}, `;
    const verdict = `${rejected ? 'evidence' : 'no evidence'} that ${alternative}`;
    return `${method}: ${observed}, ${evidence}p = ${short(pValue)} at alpha ${short(alpha)}: ${verdict}`;
  };
  for (const value of Object.values(record)) if (Array.isArray(value)) Object.freeze(value);
  // not enumerable: copies, comparisons and JSON see the data alone
  return Object.freeze(Object.defineProperty(record, 'toString', { value: line }));
}

/** `12 of 30 hits (40.0 %)` */
export function hitRate({ hits, queries }: Hits): string {
  return `${hits} of ${queries} hits (${((100 * hits) / queries).toFixed(1)} %)`;
}

/** Three digits, for texts. */
export function short(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e4 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}
