import { checksOf } from '../check';
import type { Hits } from './decision';
import { upperLimit } from './interval';
import { studentQuantile } from './tails';

/** An upper limit of the chance β of a clean model, for `binomialTest`. */
export interface ChanceEstimate {
  /** The limit, below 1. */
  readonly chance: number;
  /** The limit is too low with probability at most 1 − confidence. */
  readonly confidence: number;
  /** Hits by queries of the reference models together. */
  readonly rate: number;
  readonly models: number;
  /** What has to be true for `confidence` to hold. */
  readonly assumptions: readonly string[];
}

/**
 * An upper limit of how often a model that never saw the marks answers the target label, from clean reference
 * models.
 *
 * What counts is the chance of *one more* clean model, the suspect if innocent, and models differ. So the
 * limit is a one-sided prediction limit for the N rates on the arcsine-root scale (Anscombe 1948, Biometrika
 * 35:246), z̄ + t·s·√(1 + 1/N) with the quantile t of Student's distribution at N − 1 degrees of freedom, and
 * never below the Clopper–Pearson limit of all queries together. Two or three models tell little about their
 * variation: the limit is accordingly high. One model tells nothing about it: the limit is its Clopper–Pearson
 * limit, and holds for models with the same chance only.
 *
 * Assumptions: the suspect, if innocent, is exchangeable with the references (same kind of model, data and
 * training); rates vary about normally on that scale. Very skewed rates make a 99 % limit too low in about 3 %
 * of cases, a mixture of two kinds of models in 10 %. A rank test among clean models (`decoyTest`) needs no
 * normality, but many models, and the same exchangeability.
 *
 * @param models hits and queries of each reference model, probed exactly as the suspect will be
 * @param confidence of the limit; what it lacks to 1 is added to the p-value, so take much less than alpha,
 *   e.g. 0.999
 * @example estimateChance({ models: [20, 30, 25].map(hits => ({ hits, queries: 200 })), confidence: 0.95 }).chance // 0.221
 */
export function estimateChance(options: { models: readonly Hits[]; confidence: number }): ChanceEstimate {
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
  const alone = models.length === 1;
  const pooled = upperLimit(hits, queries, 1 - confidence);
  const limit = alone ? pooled : Math.max(pooled, predictionLimit(models, confidence));
  return Object.freeze({
    chance: Math.min(limit, 1 - Number.EPSILON), // a chance of 1 is no null hypothesis: nothing could reject it
    confidence,
    rate: hits / queries,
    models: models.length,
    assumptions: [
      `the suspect, if innocent, is exchangeable with the reference models that the chance was estimated from (${models.length})`,
      alone
        ? 'clean models do not differ in their chance: one reference model cannot show how they vary'
        : 'the rates of clean models vary about normally on the arcsine-root scale',
    ],
  });
}

function predictionLimit(models: readonly Hits[], confidence: number): number {
  // Anscombe's 3/8 keeps the scale even near 0 hits
  const angles = models.map(({ hits, queries }) => Math.asin(Math.sqrt((hits + 3 / 8) / (queries + 3 / 4))));
  const count = angles.length;
  const mean = angles.reduce((sum, angle) => sum + angle, 0) / count;
  const variance = angles.reduce((sum, angle) => sum + (angle - mean) ** 2, 0) / (count - 1);
  const limit = mean + studentQuantile(confidence, count - 1) * Math.sqrt(variance * (1 + 1 / count));
  return Math.sin(Math.min(limit, Math.PI / 2)) ** 2;
}
