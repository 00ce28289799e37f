import type { Failure } from './failure';
import { startSession } from './session';

/** What the parent asks for: cells to run in turn, in this process. */
export interface Job {
  readonly cells: readonly string[];
}

/** What it is told, in order; `count` numbers code cells from one. */
export type Report =
  | { kind: 'stream'; count: number; name: 'stdout' | 'stderr'; text: string }
  | {
      kind: 'display';
      count: number;
      update: boolean;
      id?: string;
      data: Record<string, unknown>;
      metadata: Record<string, unknown>;
    }
  | { kind: 'done'; count: number; failure: Failure | null };

process.once('disconnect', () => process.exit(1)); // the parent has ended
process.once('message', async ({ cells }: Job) => {
  const session = startSession();
  const tell = (report: Report) => new Promise<void>(sent => process.send?.(report, () => sent()));
  for (const [i, code] of cells.entries()) {
    const count = i + 1;
    const { status } = await session.handler.handleExecute(
      { code, silent: false, store_history: true, user_expressions: {} },
      (name, text) => void tell({ kind: 'stream', count, name: name as 'stdout' | 'stderr', text }),
      ({ data, metadata, transient }, update) =>
        void tell({ kind: 'display', count, update, id: transient.display_id, data, metadata }),
    );
    const unknown = { name: 'Error', message: `tslab answered ${status}`, stack: [] };
    const failure = status === 'ok' ? null : (session.failure() ?? unknown);
    await tell({ kind: 'done', count, failure });
    if (failure) break;
  }
  process.exit(0); // timers that a cell left behind do not matter any more
});
