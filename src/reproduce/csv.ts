import { EXPERIMENT_NAMES, type ExperimentName, type Profile, runsOf } from './experiments';
import type { Result } from './results';
import { runId } from './run';

/** A line of a results table by its columns; a blank cell is missing, null or NaN. */
export type ResultRow = Readonly<Record<string, unknown>>;

/** Columns that are names, even where they are made of digits only. */
const NAMES = ['experiments', 'id', 'schedule', 'target', 'node', 'commit', 'command', 'error'];

/**
 * Results as two flat tables: `owners` has a line for each run, owner and number of queries, `attacks` one
 * for each run and kind of membership inference. A failed run is one line of `owners` with its error. Each line
 * says which experiments it belongs to and by what it was made.
 */
export function resultRows(
  results: Iterable<Result>,
  profile: Profile,
): { owners: ResultRow[]; attacks: ResultRow[] } {
  const names = new Map<string, string[]>();
  for (const name of EXPERIMENT_NAMES) {
    for (const run of runsOf(name, profile)) names.set(runId(run), [...(names.get(runId(run)) ?? []), name]);
  }
  const sorted = [...results].sort((a, b) => (a.id < b.id ? -1 : 1));
  const owners: ResultRow[] = [];
  const attacks: ResultRow[] = [];
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
        const verdict = { ...flat('theorem', theorem), ...flat('binomial', binomial) };
        owners.push({ ...start, ...fitted, ...found, queries, queryHits: hits, ...verdict, ...end });
      }
    });
    for (const attack of inferred) attacks.push({ ...start, ...fitted, ...attack, ...end });
  }
  return { owners, attacks };
}

/** `{ rate: 0.1 }` as `{ markRate: 0.1 }`, for a column each. */
function flat(prefix: string, record: object): ResultRow {
  const name = (key: string) => prefix + key[0].toUpperCase() + key.slice(1);
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [name(key), value]));
}

/** Rows as CSV by RFC 4180, with a line feed; columns are all keys in order of their first occurrence. */
export function toCsv(rows: readonly ResultRow[]): string {
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value: unknown) => {
    const text = String(value ?? '');
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map(row => columns.map(column => row[column]))]
    .map(row => `${row.map(cell).join(',')}\n`)
    .join('');
}

/**
 * Reads a table that {@link toCsv} wrote: numbers as numbers, names as strings.
 *
 * @throws Error if there is no such file, or it is no CSV with a line of names
 */
export async function readResults(path: string): Promise<ResultRow[]> {
  const { readCSV } = await import('danfojs-node'); // a second to load
  try {
    const typed = (column: string | number) => !NAMES.includes(String(column));
    // handed on to papaparse, of whose options danfojs declares a part
    const { columns, values } = await readCSV(path, { dynamicTyping: typed, skipEmptyLines: true } as object);
    return (values as unknown[][]).map(row => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
  } catch (error) {
    throw new Error(`readResults: ${path}: ${(error as Error).message}`);
  }
}

/** Those lines of a results table that belong to an experiment. */
export function experimentRows(name: ExperimentName, rows: readonly ResultRow[]): ResultRow[] {
  return rows.filter(row => String(row.experiments).split(' ').includes(name));
}
