import { type Checks, checksOf } from '../check';
import { LEVELS, short, significant } from './decision';
import { logUpperTail } from './tails';

/** What is known before an audit. */
export type AuditSetting = ({ readonly classes: number } | { readonly chance: number }) & {
  /** Significance level: the p-value to be reached. */
  readonly alpha: number;
  /**
   * The attack success rate to be expected of a model trained on the marks; above the chance of a clean one.
   * Or the rates of several pilot trainings: they differ, power is the mean over them, and their mean rate would
   * promise too much.
   */
  readonly attackSuccessRate: number | readonly number[];
};

/** A plan for `binomialTest`. */
export interface AuditPlan {
  /** Number of queries m. */
  readonly queries: number;
  /** The smallest number of hits that rejects; m + 1 if even m hits do not. */
  readonly hits: number;
  /** Probability that a model trained on the marks is detected, averaged over the pilot rates. */
  readonly power: number;
}

const mostQueries = 100_000;

/**
 * The smallest number of queries with which `binomialTest` detects a model of the expected attack success rate
 * with probability `power`. The chance of a clean model is `chance`, or 1/`classes`.
 *
 * Ask exactly so many: hits are whole numbers, so the power is a saw-tooth, and a few queries more can have
 * less (Chernick and Liu 2002, The American Statistician 56:149). Assumptions: those of `binomialTest`, and
 * that the pilot rates are a sample of the rates of such trainings.
 *
 * @example planAudit({ classes: 10, alpha: 0.05, power: 0.9, attackSuccessRate: 0.6 }).queries // 7
 * @example planAudit({ classes: 10, alpha: 0.05, power: 0.9, attackSuccessRate: [0.9, 0.6, 0.3] }).queries // 19
 */
export function planAudit(setting: AuditSetting & { power: number }): AuditPlan {
  const check = checksOf('planAudit');
  const { chance, rates } = checkSetting(check, setting);
  const wanted = check.number('power', setting.power, '(0, 1)');
  let hits = 1;
  // a pilot whose marks were not learnt is not detected, however many queries are asked
  const queriesToTry = rates.filter(rate => rate > chance).length / rates.length < wanted ? 0 : mostQueries;
  for (let queries = 1; queries <= queriesToTry; queries++) {
    hits = smallestHits(hits, queries, chance, setting.alpha);
    const power = meanPower(hits, queries, rates);
    if (power >= wanted) return { queries, hits, power };
  }
  const expected = `one that ${mostQueries} queries can find with power ${short(wanted)}`;
  return check.fail('attackSuccessRate', setting.attackSuccessRate, expected);
}

/**
 * The reverse of {@link planAudit}: what a given number of queries achieves.
 *
 * @example auditPower({ classes: 10, alpha: 0.05, queries: 30, attackSuccessRate: [0.9, 0.6, 0.1] }).power // 0.675
 */
export function auditPower(setting: AuditSetting & { queries: number }): AuditPlan {
  const check = checksOf('auditPower');
  const { chance, rates } = checkSetting(check, setting);
  const queries = check.integer('queries', setting.queries, 1);
  // at a level of at most ½ fewer hits than the mean never reject
  const hits = smallestHits(Math.floor(queries * chance), queries, chance, setting.alpha);
  return { queries, hits, power: meanPower(hits, queries, rates) };
}

/** A plan for tests with keys. */
export interface KeyPlan {
  readonly keys: number;
  /** Of so many keys the label has to be the most frequent answer. */
  readonly hits: number;
  readonly power: number;
  /** K^−J, which no test of J keys can go below. */
  readonly smallestPValue: number;
  /** Rows to mark, all keys together. */
  readonly rows: number;
}

/**
 * The smallest number of keys with which an audit succeeds with probability `power`, planned as if only the
 * leading answer of each key counted (one draw at chance 1/K, whatever the model).
 *
 * A key leads when more than half of its queries hit: a lower bound, fewer can do if the other answers scatter.
 * With `queriesPerKey: 1`, `attackSuccessRate` is the share of keys that lead. Assumption: every key is learnt
 * equally well. Where some keys are not learnt at all, `attackSuccessRate` has to be the share that is.
 *
 * @example planKeys({ classes: 10, alpha: 1e-6, power: 0.9, attackSuccessRate: 0.8, queriesPerKey: 1, rowsPerKey: 20 }).keys // 13
 */
export function planKeys(options: {
  classes: number;
  alpha: number;
  power: number;
  attackSuccessRate: number;
  queriesPerKey: number;
  rowsPerKey: number;
}): KeyPlan {
  const { classes, alpha, power, attackSuccessRate, queriesPerKey, rowsPerKey } = options;
  const check = checksOf('planKeys');
  check.integer('classes', classes, 2);
  check.number('attackSuccessRate', attackSuccessRate, '(0, 1)');
  check.number('alpha', alpha, LEVELS);
  check.number('power', power, '(0, 1)');
  check.integer('queriesPerKey', queriesPerKey, 1);
  check.integer('rowsPerKey', rowsPerKey, 1);
  const leading = Math.exp(logUpperTail(Math.floor(queriesPerKey / 2) + 1, queriesPerKey, attackSuccessRate));
  if (leading <= 1 / classes) check.fail('attackSuccessRate', attackSuccessRate, 'one that makes keys lead');
  const { queries: keys, ...plan } = planAudit({ classes, alpha, power, attackSuccessRate: leading });
  return { keys, ...plan, smallestPValue: classes ** -keys, rows: keys * rowsPerKey };
}

/** The smallest number of hits, from `hits` on, that `binomialTest` rejects. */
function smallestHits(hits: number, queries: number, chance: number, alpha: number): number {
  while (!significant(Math.exp(logUpperTail(hits, queries, chance)), alpha)) hits++;
  return hits;
}

function meanPower(hits: number, queries: number, rates: readonly number[]): number {
  return rates.reduce((sum, rate) => sum + Math.exp(logUpperTail(hits, queries, rate)), 0) / rates.length;
}

function checkSetting(check: Checks, setting: AuditSetting): { chance: number; rates: readonly number[] } {
  const { alpha, attackSuccessRate } = setting;
  const chance = 'classes' in setting ? 1 / check.integer('classes', setting.classes, 2) : setting.chance;
  check.number('chance', chance, '(0, 1)');
  check.number('alpha', alpha, LEVELS);
  const rates = typeof attackSuccessRate === 'object' ? attackSuccessRate : [attackSuccessRate];
  rates.forEach((rate, i) => {
    check.number(`attackSuccessRate${rates === attackSuccessRate ? `[${i}]` : ''}`, rate, '[0, 1]');
  });
  if (!rates.some(rate => rate > chance)) {
    check.fail('attackSuccessRate', attackSuccessRate, `more than the chance ${short(chance)}, at most 1`);
  }
  return { chance, rates };
}
