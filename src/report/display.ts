/** One output in several formats; a front end shows the richest that it knows. */
interface MimeBundle {
  readonly data: Record<string, unknown> & { 'text/plain': string };
  readonly metadata?: Record<string, unknown>;
}

type WriteDisplayData = (bundle: object, update: boolean) => void;

/** tslab's way to the front end, or null outside a notebook; its own `display` writes one format at a time. */
function notebookWriter(): WriteDisplayData | null {
  // looked up, not imported: importing it outside a notebook would load a compiler
  const tslab = require.cache[require.resolve('tslab/dist/jupyter')];
  return tslab?.exports.lastWriteDisplayData ?? null;
}

/** Whether the caller runs in a tslab notebook. */
export function inNotebook(): boolean {
  return notebookWriter() !== null;
}

/**
 * Shows `bundle` as one output of the running notebook cell; outside a notebook, prints its plain text.
 *
 * @param slot the output that it showed before is replaced
 */
export function display({ data, metadata = {} }: MimeBundle, slot?: Slot): void {
  const write = notebookWriter();
  if (write === null) {
    console.log(data['text/plain']);
    return;
  }
  write({ data, metadata, transient: slot ? { display_id: slot.id } : {} }, slot?.shown ?? false);
  if (slot) slot.shown = true;
}

let slots = 0;

/** A place among a cell's outputs that {@link display} can fill again with another content. */
export class Slot {
  readonly id = `mib-${process.pid}-${++slots}`;
  shown = false;
}
