import { checksOf } from '../check';

/**
 * p-values adjusted for testing several owners, targets or suspect models at once; compare them with alpha, in
 * place.
 *
 * `holm` (1979) bounds the probability of even one false accusation, however the tests depend on each other.
 * `benjamini-hochberg` (1995) bounds the expected share of false ones among the accusations, for independent
 * (or positively dependent) tests. The same as R's `p.adjust`.
 *
 * Assumption: each p-value is valid by itself. This corrects for the number of owners, not for a wrong chance:
 * p-values of `theoremTest` or `binomialTest` at 1/K stay wrong after it where clean models have favourite
 * classes, and most families of innocent models then contain an accused one.
 *
 * @example adjust([0.01, 0.02, 0.03], 'holm') // [0.03,0.04,0.04]
 */
export function adjust(pValues: ArrayLike<number>, method: 'holm' | 'benjamini-hochberg'): number[] {
  const check = checksOf('adjust');
  check.oneOf('method', method, ['holm', 'benjamini-hochberg']);
  const p = Array.from(pValues, (value, i) => check.number(`pValues[${i}]`, value, '[0, 1]'));
  const order = p.map((_, i) => i).sort((i, j) => p[i] - p[j]);
  const adjusted = p.slice();
  if (method === 'holm') {
    let largest = 0;
    for (const [rank, i] of order.entries()) {
      largest = Math.max(largest, (p.length - rank) * p[i]);
      adjusted[i] = Math.min(1, largest);
    }
  } else {
    let smallest = 1;
    for (const [rank, i] of [...order.entries()].reverse()) {
      smallest = Math.min(smallest, (p.length / (rank + 1)) * p[i]);
      adjusted[i] = smallest;
    }
  }
  return adjusted;
}
