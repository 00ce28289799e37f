import type { ResultRow } from './csv';

/** A mean over independent runs. */
export interface Estimate {
  readonly mean: number;
  /** Standard deviation over the square root of the number of runs; NaN for one run. */
  readonly standardError: number;
}

/** What the owners of one kind came to: those whose samples were used, or outsiders. */
interface ProbedOwners {
  readonly owners: number;
  /** Over runs; a run with several owners counts with their mean, for they share a model. */
  readonly attackSuccessRate: Estimate;
  /** Owners for whom Theorem 1 rejected "my data was not used". */
  readonly theorem: number;
  /** The same for the exact binomial test at chance 1/K. */
  readonly binomial: number;
}

/** The runs that differ in nothing but their seeds, and what they came to. */
export interface SettingSummary {
  /** The settings as `PROFILE-owners.csv` has them, but with share or number of marked rows in one, `marked`. */
  readonly setting: Readonly<Record<string, string>>;
  /** Of the runs, sorted. */
  readonly ids: readonly string[];
  /** Runs that failed; they count nowhere else. */
  readonly failed: number;
  readonly testAccuracy: Estimate;
  readonly used?: ProbedOwners;
  readonly outsiders?: ProbedOwners;
}

/** Columns that are settings, and how a table calls them; `marked` comes of `markRate` and `markCount`. */
const NAMES: Readonly<Record<string, string>> = {
  dataset: 'data set',
  model: 'model',
  width: 'channels',
  order: 'rows drawn',
  owners: 'owners',
  outsiders: 'outsiders',
  target: 'target',
  marked: 'marked',
  rows: 'training rows',
  triggerFamily: 'trigger',
  triggerPattern: 'pattern',
  triggerSize: 'size',
  triggerLength: 'bits',
  triggerOpacity: 'opacity',
  triggerRow: 'row',
  triggerColumn: 'column',
  triggerStart: 'first bit',
  epochs: 'epochs',
  schedule: 'rate ÷ 10 after',
  batchSize: 'batch',
  learningRate: 'learning rate',
  flip: 'mirrored',
  shadows: 'shadow models',
  queries: 'queries',
};

/**
 * Summarizes lines of `PROFILE-owners.csv`, one summary for each setting and number of queries, sorted by them.
 *
 * @param rows of one experiment, as `readResults` gives them
 */
export function summarizeSettings(rows: readonly ResultRow[]): SettingSummary[] {
  const summaries = grouped(rows, settingOf).map(group => {
    const done = group.filter(row => !row.error);
    const accuracies = new Map(done.map(row => [row.id, Number(row.testAccuracy)]));
    const probed = (used: boolean) => probedOwners(done.filter(row => Number(row.marked) > 0 === used));
    return {
      setting: settingOf(group[0]),
      ids: [...new Set(group.map(row => String(row.id)))].sort(),
      failed: group.length - done.length,
      testAccuracy: estimate([...accuracies.values()]),
      used: probed(true),
      outsiders: probed(false),
    };
  });
  return summaries.sort((a, b) => {
    const column = Object.keys(NAMES).find(name => a.setting[name] !== b.setting[name]) ?? '';
    const [left, right] = [a.setting[column], b.setting[column]];
    return Number.parseFloat(left) - Number.parseFloat(right) || left.localeCompare(right, 'en');
  });
}

/** Mean and standard error of values that are independent of each other. */
export function estimate(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (values.length - 1) / values.length) };
}

/** `68.7 ± 0.4 %`; without the error where there was one run, blank where there was none. */
export function percentOf({ mean, standardError }: Estimate, digits = 1): string {
  if (Number.isNaN(mean)) return '';
  const error = Number.isNaN(standardError) ? '' : ` ± ${(100 * standardError).toFixed(digits)}`;
  return `${(100 * mean).toFixed(digits)}${error} %`;
}

/**
 * Summaries as the rows of a table: as few settings as tell them apart, then what was measured.
 *
 * @param show settings to show whether they are needed or not, e.g. `['model']`
 */
export function settingsTable(
  summaries: readonly SettingSummary[],
  { show = [] }: { show?: readonly string[] } = {},
): Record<string, string>[] {
  const cells = settingCells(summaries, show);
  const any = (of: (summary: SettingSummary) => unknown) => summaries.some(summary => Boolean(of(summary)));
  return summaries.map(({ setting, ids, failed, testAccuracy, used, outsiders }) => {
    const share = (count = 0, { owners = 0 } = {}) => (owners > 0 ? `${count} of ${owners}` : '');
    return {
      ...cells(setting),
      runs: String(ids.length),
      ...(any(each => each.failed) && { failed: failed > 0 ? String(failed) : '' }),
      accuracy: percentOf(testAccuracy),
      ...(any(each => each.used) && {
        ASR: used ? percentOf(used.attackSuccessRate) : '',
        'Theorem 1': share(used?.theorem, used),
        'binomial (1/K)': share(used?.binomial, used),
      }),
      ...(any(each => each.outsiders) && {
        'ASR, outsiders': outsiders ? percentOf(outsiders.attackSuccessRate) : '',
        'Theorem 1, wrongly': share(outsiders?.theorem, outsiders),
        'binomial, wrongly': share(outsiders?.binomial, outsiders),
      }),
    };
  });
}

/** Lines of `PROFILE-attacks.csv` as the rows of a table: each attack, the mean over the runs of a setting. */
export function attacksTable(rows: readonly ResultRow[]): Record<string, string>[] {
  const settings = summarizeSettings(rows);
  const cells = settingCells(settings, []);
  return settings.flatMap(({ setting, ids }) => {
    const lines = rows.filter(row => ids.includes(String(row.id)));
    const owners = lines.some(row => row.ownerRows !== undefined);
    return grouped(lines, ({ attack, ownerRows }) => [attack, ownerRows]).map(runs => {
      const [{ attack, ownerRows, answer, shadowModels }] = runs;
      const mean = (column: string) => estimate(runs.map(row => Number(row[column])));
      const number = (column: string) => mean(column).mean.toFixed(3);
      return {
        ...cells(setting),
        attack: String(attack),
        ...(owners && { 'rows each': String(ownerRows) }),
        sees: String(answer),
        'shadow models': String(shadowModels),
        accuracy: percentOf(mean('accuracy')),
        F1: number('f1'),
        AUC: number('auc'),
        'TPR at 1 % FPR': percentOf(mean('tprAt1')),
        'at 0.1 %': percentOf(mean('tprAt01')),
      };
    });
  });
}

function settingOf(row: ResultRow): Record<string, string> {
  const text = (column: string) => String(row[column] ?? '');
  const marked = text('markCount') !== '' ? `${text('markCount')} rows` : `${100 * Number(row.markRate)} %`;
  return Object.fromEntries(
    Object.keys(NAMES).map(column => [column, column === 'marked' ? marked : text(column)]),
  );
}

function probedOwners(rows: readonly ResultRow[]): ProbedOwners | undefined {
  if (rows.length === 0) return undefined;
  const rate = (run: ResultRow[]) => estimate(run.map(row => Number(row.attackSuccessRate))).mean;
  const count = (column: string) => rows.filter(row => String(row[column]) === 'true').length;
  return {
    owners: rows.length,
    attackSuccessRate: estimate(grouped(rows, ({ id }) => id).map(rate)),
    theorem: count('theoremRejected'),
    binomial: count('binomialRejected'),
  };
}

/** Items that agree in `key`, in order of their first occurrence. */
function grouped<T>(items: readonly T[], key: (item: T) => unknown): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = JSON.stringify(key(item));
    groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return [...groups.values()];
}

/** A setting as cells: of the columns, from the left, those that tell apart what the ones before do not. */
function settingCells(summaries: readonly SettingSummary[], always: readonly string[]) {
  const parts = (columns: readonly string[]) =>
    grouped(summaries, ({ setting }) => columns.map(column => setting[column])).length;
  const chosen: string[] = [];
  for (const column of Object.keys(NAMES)) {
    if (always.includes(column) || parts([...chosen, column]) > parts(chosen)) chosen.push(column);
  }
  return (setting: SettingSummary['setting']) =>
    Object.fromEntries(chosen.map(column => [NAMES[column], setting[column]]));
}
