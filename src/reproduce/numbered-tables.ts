import { showTable } from '../report/table';
import { type SettingSummary, settingsTable } from './tables';

/**
 * Tables whose lines are numbered through, and an index from each line to the runs that it comes from.
 *
 * @example
 * const { show, index } = numberedTables();
 * show('Owners', summarizeSettings(rows));
 * showTable(index);
 */
export function numberedTables(): {
  readonly index: readonly { readonly line: number; readonly table: string; readonly runs: string }[];
  /** Shows summaries under `caption`; `rows` are their lines, by default those of `settingsTable`. */
  show(caption: string, summaries: readonly SettingSummary[], rows?: readonly Record<string, string>[]): void;
} {
  const index: { line: number; table: string; runs: string }[] = [];
  return {
    index,
    show: (caption, summaries, rows = settingsTable(summaries)) => {
      const lines = rows.map((row, i) => {
        const line = index.length + 1;
        index.push({ line, table: caption, runs: summaries[i].ids.map(id => id.slice(0, 8)).join(' ') });
        return { line, ...row };
      });
      showTable(lines, { caption });
    },
  };
}
