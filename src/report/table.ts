import { display } from './display';

/** What {@link showTable} takes: a danfojs data frame, or rows as plain objects with the same keys. */
export type Table =
  | { readonly columns: readonly string[]; readonly values: readonly unknown[] }
  | readonly Record<string, unknown>[];

/**
 * Shows a table in the notebook, as HTML and as aligned plain text; outside a notebook prints the text.
 *
 * A column of numbers is written with one number of decimals and set to the right, as are strings that are
 * numbers with a unit (`98.2 %`), an error (`98.2 ± 0.3 %`) or a whole (`3 of 10`). Booleans read `yes` and `no`;
 * null, undefined and NaN are left blank.
 *
 * @example
 * showTable([{ model: 'marked', hits: 28 }, { model: 'clean', hits: 3 }], { caption: 'Thirty queries each' });
 */
export function showTable(table: Table, { caption = '' }: { caption?: string } = {}): void {
  const columns = columnsOf(table);
  display({ data: { 'text/html': toHtml(columns, caption), 'text/plain': toText(columns, caption) } });
}

/** The plain-text twin of {@link showTable}. */
export function tableText(table: Table, { caption = '' }: { caption?: string } = {}): string {
  return toText(columnsOf(table), caption);
}

interface Column {
  readonly name: string;
  readonly cells: readonly string[];
  readonly numeric: boolean;
}

function columnsOf(table: Table): Column[] {
  const frame = 'columns' in table;
  const rows = frame ? table.values : table;
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new Error('showTable: table is empty, expected a data frame or an array of objects');
  }
  const names = frame ? table.columns : Object.keys(rows[0]);
  return names.map((name, j) => {
    const values = rows.map(row => (frame ? row[j] : row[name]));
    const cells = formatColumn(values);
    const numeric = cells.every(
      cell => cell === '' || /^[-−+<>≤≥]?\s?\d[\d.,e+-]*( ± [\d.]+| of \d+)?\s?(%|s|points)?$/.test(cell),
    );
    return { name, cells, numeric };
  });
}

function formatColumn(values: unknown[]): string[] {
  const sizes = values.flatMap(value =>
    typeof value === 'number' && value !== 0 && Number.isFinite(value) ? [Math.abs(value)] : [],
  );
  const largest = Math.max(...sizes, 0.1);
  const whole = sizes.every(Number.isInteger);
  const plain = largest < 1e6 && Math.min(...sizes, 1) >= 1e-4;
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(largest))); // four significant digits in the largest
  return values.map(value => {
    if (typeof value === 'boolean') return value ? 'yes' : 'no';
    if (typeof value !== 'number') return String(value ?? '');
    if (Number.isNaN(value)) return '';
    if (whole) return String(value);
    return plain ? value.toFixed(decimals) : value === 0 ? '0' : value.toPrecision(3);
  });
}

function toText(columns: Column[], caption: string): string {
  const height = columns[0].cells.length;
  const widths = columns.map(({ name, cells }) => Math.max(...[name, ...cells].map(lengthOf)));
  const line = (cellOf: (column: Column, width: number) => string) =>
    columns
      .map((column, j) => {
        const cell = cellOf(column, widths[j]);
        const blank = ' '.repeat(widths[j] - lengthOf(cell));
        return column.numeric ? blank + cell : cell + blank;
      })
      .join('  ')
      .trimEnd();
  return [
    ...(caption ? [caption] : []),
    line(({ name }) => name),
    line((_, width) => '─'.repeat(width)),
    ...Array.from({ length: height }, (_, i) => line(({ cells }) => cells[i])),
  ].join('\n');
}

/** Characters as a reader counts them: α̂ is one. */
function lengthOf(text: string): number {
  return [...text.normalize('NFC').replace(/\p{M}/gu, '')].length;
}

function toHtml(columns: Column[], caption: string): string {
  const align = ({ numeric }: Column) => `style="text-align:${numeric ? 'right' : 'left'}"`;
  const row = (cells: string[]) => `<tr>${cells.join('')}</tr>`;
  const head = row(columns.map(column => `<th ${align(column)}>${escapeHtml(column.name)}</th>`));
  const body = columns[0].cells.map((_, i) =>
    row(columns.map(column => `<td ${align(column)}>${escapeHtml(column.cells[i])}</td>`)),
  );
  const title = caption && `<caption style="text-align:left">${escapeHtml(caption)}</caption>\n`;
  return `<table>\n${title}<thead>${head}</thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table>`;
}

/** `text` with the characters that HTML gives a meaning replaced. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
