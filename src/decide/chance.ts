import { checksOf } from '../check';
import { upperLimit } from './binomial';
import { studentQuantile } from './tails';

/** An upper limit of the chance β of a clean model, for `binomialTest`. */
export interface ChanceEstimate {
  /** The limit. */
  readonly chance: number;
  /** The limit is too low with probability at most 1 − confidence. */
  readonly confidence: number;
  /** Hits by queries of the reference models together. */
  readonly rate: number;
  readonly models: number;
}

/**
 * Estimates from clean reference models how often a model that never saw the marks answers the target label.
 *
 * What counts is the chance of *one more* clean model, the suspect if innocent, and models differ. So the
 * limit is a one-sided prediction limit for the N rates on the arcsine-root scale, z̄ + t·s·√(1 + 1/N) with
 * the quantile t of Student's distribution at N − 1 degrees of freedom, and never below the Clopper–Pearson
 * limit of all queries together. Two or three models tell little about their variation: the limit is
 * accordingly high. One model tells nothing about it: the limit is its Clopper–Pearson limit, and holds for
 * models with the same chance only.
 *
 * Assumptions: the suspect, if innocent, was trained like the references; rates vary about normally on that
 * scale. In simulations a 99 % limit was too low in 1–1.6 % of cases for rates of a Beta(2, 18), 3 % for a
 * very skewed Beta(½, 10), and 10 % for three references where every fifth model is of another kind. A rank
 * test among clean models (`decoyTest`) needs no such assumption, but many models.
 *
 * @param models hits and queries of each reference model, probed exactly as the suspect will be
 * @param confidence of the limit; what it lacks to 1 is added to the p-value, so take much less than alpha,
 *   e.g. 0.999
 */
export function estimateChance(options: {
  readonly models: readonly { readonly hits: number; readonly queries: number }[];
  readonly confidence: number;
}): ChanceEstimate {
  const { models, confidence } = options;
  const check = checksOf('estimateChance');
  check.number('confidence', confidence, '[0.5, 1)');
  check.integer('models.length', models.length, 1);
  let hits = 0;
  let queries = 0;
  for (const [i, model] of models.entries()) {
    check.integer(`models[${i}].queries`, model.queries, 1);
    check.integer(`models[${i}].hits`, model.hits, 0, model.queries);
    hits += model.hits;
    queries += model.queries;
  }
  const pooled = upperLimit(hits, queries, 1 - confidence);
  const chance = models.length === 1 ? pooled : Math.max(pooled, predictionLimit(models, confidence));
  return Object.freeze({ chance, confidence, rate: hits / queries, models: models.length });
}

function predictionLimit(models: readonly { hits: number; queries: number }[], confidence: number): number {
  // Anscombe's 3/8 keeps the scale even near 0 hits
  const angles = models.map(({ hits, queries }) => Math.asin(Math.sqrt((hits + 3 / 8) / (queries + 3 / 4))));
  const count = angles.length;
  const mean = angles.reduce((sum, angle) => sum + angle, 0) / count;
  const variance = angles.reduce((sum, angle) => sum + (angle - mean) ** 2, 0) / (count - 1);
  const limit = mean + studentQuantile(confidence, count - 1) * Math.sqrt(variance * (1 + 1 / count));
  return Math.sin(Math.min(limit, Math.PI / 2)) ** 2;
}
