import { checksOf } from '../check';

/**
 * p-values adjusted for testing several owners, targets or suspect models at once; compare them with alpha,
 * in place.
 *
 * `holm` bounds the probability of even one false accusation, however the tests depend on each other.
 * `benjamini-hochberg` bounds the expected share of false ones among the accusations, for independent (or
 * positively dependent) tests. The same as R's `p.adjust`.
 */
export function adjust(pValues: ArrayLike<number>, method: 'holm' | 'benjamini-hochberg'): number[] {
  const check = checksOf('adjust');
  if (method !== 'holm' && method !== 'benjamini-hochberg') {
    check.fail('method', method, "'holm' or 'benjamini-hochberg'");
  }
  const p = Array.from(pValues);
  for (const [i, value] of p.entries()) {
    if (!(value >= 0 && value <= 1)) check.fail(`pValues[${i}]`, value, 'a number in 0..1');
  }
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

/**
 * The e-BH procedure (Wang and Ramdas 2022) for e-values, such as those of `sequentialTest`, as adjusted
 * p-values: accuse where the result is at most alpha, and the expected share of false accusations is at most
 * alpha, whatever the dependence between the tests. It is Benjamini–Hochberg on the 1/e.
 */
export function adjustEValues(eValues: ArrayLike<number>): number[] {
  const check = checksOf('adjustEValues');
  const p = Array.from(eValues, (value, i) => {
    if (!(value >= 0)) check.fail(`eValues[${i}]`, value, 'a number, at least 0');
    return Math.min(1, 1 / value);
  });
  return adjust(p, 'benjamini-hochberg');
}
