import { EXPERIMENT_NAMES, type Profile, runsOf } from './experiments';
import type { Result } from './results';
import { runId } from './run';

type Row = Record<string, unknown>;

/**
 * Results as two flat tables in CSV: `owners` has a line for each run, owner and number of queries, `attacks` one
 * for each run and kind of membership inference. A failed run is one line of `owners` with its error. Each line
 * says which experiments it belongs to and by what it was made.
 */
export function resultsToCsv(
  results: Iterable<Result>,
  profile: Profile,
): { owners: string; attacks: string } {
  const names = new Map<string, string[]>();
  for (const name of EXPERIMENT_NAMES) {
    for (const run of runsOf(name, profile)) names.set(runId(run), [...(names.get(runId(run)) ?? []), name]);
  }
  const sorted = [...results].sort((a, b) => (a.id < b.id ? -1 : 1));
  const owners: Row[] = [];
  const attacks: Row[] = [];
  for (const { id, run, outcome, error, made } of sorted) {
    const { mark, trigger, schedule, queries: _, ...plain } = run;
    const settings = {
      ...plain,
      schedule: schedule.join(' '),
      ...flat('mark', mark),
      ...flat('trigger', trigger),
    };
    const start = { experiments: names.get(id)?.join(' '), id, ...settings };
    const end = { error, ...made, provenance: outcome?.provenance };
    if (outcome === undefined) owners.push({ ...start, ...end });
    const { provenance, owners: probed = [], attacks: inferred = [], ...fitted } = outcome ?? {};
    probed.forEach(({ verdicts, target, ...owner }, i) => {
      for (const { queries, hits, theorem, binomial } of verdicts) {
        const found = { owner: i, label: target, ...owner, attackSuccessRate: owner.hits / owner.eligible };
        const verdict = {
          queries,
          queryHits: hits,
          ...flat('theorem', theorem),
          ...flat('binomial', binomial),
        };
        owners.push({ ...start, ...fitted, ...found, ...verdict, ...end });
      }
    });
    for (const attack of inferred) attacks.push({ ...start, ...fitted, ...attack, ...end });
  }
  return { owners: toCsv(owners), attacks: toCsv(attacks) };
}

/** `{ rate: 0.1 }` as `{ markRate: 0.1 }`, for a column each. */
function flat(prefix: string, record: object): Row {
  const name = (key: string) => prefix + key[0].toUpperCase() + key.slice(1);
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [name(key), value]));
}

/** RFC 4180, with a line feed; columns are all keys of the rows in order of their first occurrence. No rows: ''. */
function toCsv(rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value: unknown) => {
    const text = String(value ?? '');
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map(row => columns.map(column => row[column]))]
    .map(row => `${row.map(cell).join(',')}\n`)
    .join('');
}
