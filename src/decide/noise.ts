import { checksOf } from '../check';
import { smallestHits } from './plan';

/**
 * The largest share ε of the answers that somebody may have changed at will, all in the owner's favour, such
 * that the claim of `binomialTest` still stands: its hits less ε · queries still reject. `null` if it does
 * not stand to begin with.
 *
 * If at most ε of the answers were changed, accusing where the result is at least ε is wrong with probability
 * at most alpha. Refusals need no such allowance, being misses. `randomizationTest` needs none at all: noise
 * and refusals that do not depend on the labels are part of the model, of which it assumes nothing.
 */
export function toleratedNoise(options: {
  readonly hits: number;
  readonly queries: number;
  readonly chance: number;
  readonly alpha: number;
}): number | null {
  const { hits, queries, chance, alpha } = options;
  const check = checksOf('toleratedNoise');
  check.hits(hits, queries);
  check.number('chance', chance, '(0, 1)');
  check.number('alpha', alpha, '(0, 1)');
  const spare = hits - smallestHits(queries, chance, alpha);
  return spare < 0 ? null : spare / queries;
}
