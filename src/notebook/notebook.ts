import { readFile } from 'node:fs/promises';
import { canonicalJson, writeWhole } from '../files';

/** An output of a code cell, as nbformat 4 stores it. */
export type Output =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: string }
  | { output_type: 'display_data'; data: Record<string, unknown>; metadata: Record<string, unknown> }
  | { output_type: 'error'; ename: string; evalue: string; traceback: string[] };

export interface Cell {
  cell_type: 'code' | 'markdown' | 'raw';
  id: string;
  metadata: Record<string, unknown>;
  source: string;
  execution_count?: number | null;
  outputs?: Output[];
}

/** A Jupyter notebook (nbformat 4.5) with its texts joined: files keep them as lists of lines. */
export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown> & { mib?: { start?: boolean } };
  nbformat: 4;
  nbformat_minor: number;
}

const KERNEL = {
  kernelspec: { display_name: 'TypeScript (MIB)', language: 'typescript', name: 'mib' },
  language_info: {
    codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
    file_extension: '.ts',
    mimetype: 'text/typescript',
    name: 'typescript',
    version: '3.7.2', // as the kernel says, so that saving in Jupyter changes nothing
  },
};

/** Reads a notebook; a file that is not one is an error that names it. */
export async function readNotebook(path: string): Promise<Notebook> {
  let notebook: Notebook;
  try {
    notebook = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`readNotebook: path is ${path}, expected a notebook (${(error as Error).message})`);
  }
  if (notebook?.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new Error(`readNotebook: path is ${path}, expected a notebook of nbformat 4`);
  }
  return {
    ...notebook,
    metadata: { ...notebook.metadata, ...KERNEL },
    nbformat_minor: 5,
    cells: notebook.cells.map((cell, i) => ({
      ...cell,
      id: cell.id ?? `cell-${i + 1}`,
      source: joined(cell.source),
      ...(cell.outputs && { outputs: cell.outputs.map(output => withTexts(output, joinedData)) }),
    })),
  };
}

/** Writes a notebook as Jupyter itself does, so that saving it there makes no difference. */
export function writeNotebook(path: string, notebook: Notebook): void {
  const file = {
    ...notebook,
    cells: notebook.cells.map(cell => ({
      ...cell,
      source: lines(cell.source),
      ...(cell.outputs && { outputs: cell.outputs.map(output => withTexts(output, splitData)) }),
    })),
  };
  writeWhole(path, `${JSON.stringify(JSON.parse(canonicalJson(file)), null, 1)}\n`);
}

/** The text that an output shows where nothing richer is known. */
export function plainText(output: Output): string {
  if (output.output_type === 'stream') return output.text;
  if (output.output_type === 'error') return `${output.ename}: ${output.evalue}`;
  return String(output.data['text/plain'] ?? '');
}

/** The output with each of its texts and data changed. */
function withTexts(output: Output, change: (value: unknown, mime: string) => unknown): Output {
  if (output.output_type === 'error') return output;
  if (output.output_type === 'stream')
    return { ...output, text: change(output.text, 'text/plain') as string };
  const data = Object.entries(output.data).map(([mime, value]) => [mime, change(value, mime)]);
  return { ...output, data: Object.fromEntries(data) };
}

function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : String(text);
}

function joinedData(value: unknown, mime: string): unknown {
  return mime.endsWith('json') ? value : joined(value);
}

function splitData(value: unknown, mime: string): unknown {
  return mime.startsWith('text/') || mime === 'image/svg+xml' ? lines(String(value)) : value;
}

function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
