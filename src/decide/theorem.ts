import { type Checks, checksOf } from '../check';
import { type Decision, decision, type Hits, hitRate } from './decision';
import { studentQuantile, studentTail } from './tails';

/** The setting of Theorem 1: number of classes K, number of queries m, confidence τ. */
export interface TheoremSetting {
  /** K, at least 2; the chance of a clean model is taken to be 1/K. */
  readonly classes: number;
  /** m, at least 2: one query leaves no degree of freedom for the variance. */
  readonly queries: number;
  /** τ, from 0.5 on and below 1; the nominal level is 1 − τ. */
  readonly confidence: number;
}

/** {@link Decision} of Theorem 1; `statistic` is the t statistic of the hits, ±Infinity at 0 or all hits. */
export interface TheoremDecision extends Decision, Hits {
  readonly attackSuccessRate: number;
  /** The attack success rate that had to be exceeded, see {@link theoremThreshold}. */
  readonly threshold: number;
}

/**
 * The attack success rate that Theorem 1 of the paper asks for: every rate above it is accepted as evidence.
 *
 * It is the larger root α̂ of √(m−1)·(α̂ − β) = t_τ·√(α̂ − α̂²), with β = 1/K and t_τ the τ-quantile of
 * Student's t with m − 1 degrees of freedom; the rates that m queries can give are multiples of 1/m, see
 * {@link theoremHits}. What the theorem does not guarantee is said at {@link theoremTest}.
 *
 * @example theoremThreshold({ classes: 10, queries: 30, confidence: 0.95 }) // 0.2335
 */
export function theoremThreshold(setting: TheoremSetting): number {
  checkSetting('theoremThreshold', setting);
  const freedom = setting.queries - 1;
  const beta = 1 / setting.classes;
  const t = studentQuantile(setting.confidence, freedom);
  // (m−1+t²) α̂² − (2β(m−1)+t²) α̂ + (m−1)β² = 0
  const root = t * Math.sqrt(t * t + 4 * freedom * beta * (1 - beta));
  return (2 * beta * freedom + t * t + root) / (2 * (freedom + t * t));
}

/**
 * The smallest number of hits that Theorem 1 accepts: 8, 5, 4 of 30 at 95 % for 10, 30, 100 classes.
 *
 * @example theoremHits({ classes: 10, queries: 30, confidence: 0.95 }) // 8
 */
export function theoremHits(setting: TheoremSetting): number {
  checkSetting('theoremHits', setting);
  const quantile = studentQuantile(setting.confidence, setting.queries - 1);
  let hits = Math.floor(theoremThreshold(setting) * setting.queries);
  while (statistic(hits, setting) <= quantile) hits++;
  return hits;
}

/**
 * Theorem 1 of the paper (Hu et al., IJCAI 2022): the one-sample t-test on the hits.
 *
 * Null hypothesis: the model was not trained on the marked data, and therefore answers the target label with
 * chance β = 1/K. It is rejected when √(m−1)·(α̂ − β) − t_τ·√(α̂ − α̂²) > 0.
 *
 * Given as published, for comparison; two things can go wrong. The variance estimate is 0 when every query
 * hits, so with few queries it rejects too easily (a true level of 25 % instead of 5 % for K = 2, m = 2), and
 * p is then 0. And β = 1/K is an assumption about clean models, which often prefer some classes.
 * `binomialTest` mends the first, `randomizationTest` both.
 *
 * @example theoremTest({ hits: 8, queries: 30, classes: 10, confidence: 0.95 }).rejected // true
 */
export function theoremTest(options: TheoremSetting & Hits): TheoremDecision {
  const check = checkSetting('theoremTest', options);
  const { hits, queries, classes, confidence } = options;
  check.integer('hits', hits, 0, queries);
  const t = statistic(hits, options);
  return decision(
    {
      method: 'theoremTest',
      nullHypothesis: `a query is answered with the target label with chance 1/${classes}`,
      assumptions: [
        'every clean model answers the target label with chance 1/K or less',
        'queries are independent',
        'their number is large and was fixed beforehand',
      ],
      statistic: t,
      pValue: studentTail(t, queries - 1),
      alpha: 1 - confidence,
      rejected: t > studentQuantile(confidence, queries - 1),
      hits,
      queries,
      attackSuccessRate: hits / queries,
      threshold: theoremThreshold(options),
    },
    hitRate(options),
  );
}

function statistic(hits: number, { classes, queries }: TheoremSetting): number {
  const rate = hits / queries;
  return (Math.sqrt(queries - 1) * (rate - 1 / classes)) / Math.sqrt(rate - rate * rate);
}

function checkSetting(name: string, { classes, queries, confidence }: TheoremSetting): Checks {
  const check = checksOf(name);
  check.integer('classes', classes, 2);
  check.integer('queries', queries, 2);
  check.number('confidence', confidence, '[0.5, 1)');
  return check;
}
