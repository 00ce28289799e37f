import type { Trigger } from './trigger';

/** What marked rows carry: a trigger, and the label that they get. Tests ask for the same pair. */
export interface Mark {
  readonly trigger: Trigger;
  /** The target label, `0..classes-1`. */
  readonly target: number;
}
