import { checksOf } from '../check';
import { short, significant } from './decision';
import { logUpperTail } from './tails';

/** What is known before an audit. */
export type AuditSetting = ({ readonly classes: number } | { readonly chance: number }) & {
  /** Significance level: the p-value to be reached. */
  readonly alpha: number;
  /**
   * The attack success rate to be expected of a model trained on the marks; above the chance of a clean one.
   */
  readonly attackSuccessRate: number;
};

/** A plan for `binomialTest`. */
export interface AuditPlan {
  /** Number of queries m. */
  readonly queries: number;
  /** The smallest number of hits that rejects; m + 1 if even m hits do not. */
  readonly hits: number;
  /** Probability that a model with the expected attack success rate is rejected. */
  readonly power: number;
}

const mostQueries = 100_000;

/**
 * The smallest number of queries with which `binomialTest` finds a model of the expected attack success rate
 * with probability `power`. Ask exactly so many: hits are whole numbers, so the power is a saw-tooth, and a
 * few queries more can have less. The chance of a clean model is `chance`, or 1/`classes`.
 *
 * @example
 * planAudit({ classes: 10, alpha: 0.05, power: 0.9, attackSuccessRate: 0.6 })
 * // { queries: 7, hits: 3, power: 0.904 }
 */
export function planAudit(setting: AuditSetting & { readonly power: number }): AuditPlan {
  const check = checksOf('planAudit');
  const chance = chanceOf('planAudit', setting);
  check.number('power', setting.power, '(0, 1)');
  let hits = 1;
  for (let queries = 1; queries <= mostQueries; queries++) {
    while (!rejects(hits, queries, chance, setting.alpha)) hits++;
    const power = Math.exp(logUpperTail(hits, queries, setting.attackSuccessRate));
    if (power >= setting.power) return { queries, hits, power };
  }
  return check.fail(
    'attackSuccessRate',
    setting.attackSuccessRate,
    `one that ${mostQueries} queries can find`,
  );
}

/** The reverse of {@link planAudit}: what a given number of queries achieves. */
export function auditPower(setting: AuditSetting & { readonly queries: number }): AuditPlan {
  const chance = chanceOf('auditPower', setting);
  const { queries, alpha, attackSuccessRate } = setting;
  checksOf('auditPower').integer('queries', queries, 1);
  const hits = smallestHits(queries, chance, alpha);
  return { queries, hits, power: Math.exp(logUpperTail(hits, queries, attackSuccessRate)) };
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
 * leading answer of each key counted (one draw at chance 1/K, whatever the model): a key leads when more than
 * half of its queries hit (a lower bound: fewer can do, if the other answers scatter). With `queriesPerKey:
 * 1`, `attackSuccessRate` is the share of keys that lead.
 */
export function planKeys(options: {
  readonly classes: number;
  readonly alpha: number;
  readonly power: number;
  readonly attackSuccessRate: number;
  readonly queriesPerKey: number;
  readonly rowsPerKey: number;
}): KeyPlan {
  const { classes, alpha, power, attackSuccessRate, queriesPerKey, rowsPerKey } = options;
  const check = checksOf('planKeys');
  check.integer('classes', classes, 2);
  check.number('attackSuccessRate', attackSuccessRate, '(0, 1)');
  check.number('alpha', alpha, '(0, 1)');
  check.number('power', power, '(0, 1)');
  check.integer('queriesPerKey', queriesPerKey, 1);
  check.integer('rowsPerKey', rowsPerKey, 1);
  const leading = Math.exp(logUpperTail(Math.floor(queriesPerKey / 2) + 1, queriesPerKey, attackSuccessRate));
  if (leading <= 1 / classes) check.fail('attackSuccessRate', attackSuccessRate, 'one that makes keys lead');
  const plan = planAudit({ classes, alpha, power, attackSuccessRate: leading });
  return {
    keys: plan.queries,
    hits: plan.hits,
    power: plan.power,
    smallestPValue: classes ** -plan.queries,
    rows: plan.queries * rowsPerKey,
  };
}

/** The smallest number of hits that `binomialTest` rejects; queries + 1 if there is none. */
export function smallestHits(queries: number, chance: number, alpha: number): number {
  let accepted = 0;
  let rejected = queries + 1;
  while (rejected - accepted > 1) {
    const middle = Math.floor((accepted + rejected) / 2);
    if (rejects(middle, queries, chance, alpha)) rejected = middle;
    else accepted = middle;
  }
  return rejected;
}

function rejects(hits: number, queries: number, chance: number, alpha: number): boolean {
  return significant(Math.exp(logUpperTail(hits, queries, chance)), alpha);
}

function chanceOf(name: string, setting: AuditSetting): number {
  const check = checksOf(name);
  if ('classes' in setting) check.integer('classes', setting.classes, 2);
  const chance = 'classes' in setting ? 1 / setting.classes : setting.chance;
  check.number('chance', chance, '(0, 1)');
  check.number('alpha', setting.alpha, '(0, 1)');
  const rate = setting.attackSuccessRate;
  if (!(rate > chance && rate <= 1)) {
    check.fail('attackSuccessRate', rate, `more than the chance ${short(chance)}, at most 1`);
  }
  return chance;
}
