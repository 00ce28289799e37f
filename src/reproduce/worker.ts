import type { CheckpointRate } from '../train/node/checkpoint';
import { inThread } from '../train/node/pool';
import type { Run } from './run';
import { type Outcome, performRun } from './run-one';

/** What a thread is sent: a run, and where it keeps the state of its trainings. */
export interface RunTask {
  readonly run: Run;
  readonly checkpoints: CheckpointRate & { readonly folder: string };
}

/** Performs one run; progress is the share done, 0..1. */
export default inThread<RunTask, Outcome, number>(({ run, checkpoints }, { onProgress }) =>
  performRun(run, ({ done, total }) => onProgress(done / total), checkpoints),
);
