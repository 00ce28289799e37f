import type { Decision } from '../decide/decision';
import { keysSequentialTest } from '../decide/keys-sequential';
import { countVotes, randomizationTest } from '../decide/randomization';
import { type BlackBox, REFUSED, type Samples } from '../types';
import type { Group } from './derive';
import { requireProbes } from './key';
import type { Plan } from './key-plan';
import { type KeysOptions, probeKeys } from './probe-keys';
import type { Answers } from './verdict';

/** How a suspect is asked. */
export type VerifierAsking = Omit<KeysOptions, 'control' | 'order' | 'sequential'>;

/**
 * Asks the suspect all questions of a group, with triggers and without in one random order, once each.
 *
 * @throws if the probes are not the plan's, the suspect has other classes, or it cannot be asked
 */
export async function askGroup(
  plan: Plan,
  { keys, control, order }: Group,
  probes: Samples,
  suspect: BlackBox,
  asking: VerifierAsking = {},
): Promise<Answers> {
  requireProbes('verifyEvidence', plan, probes);
  const classes = plan.data.classNames.length;
  if (suspect.classes !== classes)
    throw new Error(`the suspect has ${suspect.classes} classes, expected ${classes} as planned`);
  const probing = await probeKeys(suspect, probes, keys, { ...asking, control, order });

  const targets = keys.map(({ target }) => target);
  const untriggered = [...probing.control];
  const known = untriggered.filter(label => label !== REFUSED).length;
  const right = untriggered.filter((label, i) => label === probes.y[control[i]]).length;
  const votes = probing.answers.map(labels => [...countVotes(labels, classes)]);
  const hits = targets.reduce((sum, target, j) => sum + votes[j][target], 0);
  const counted = votes.flat().reduce((sum, count) => sum + count, 0);
  const same = targets.flatMap(target => untriggered.filter(label => label === target)).length;
  return {
    votes,
    targets,
    accuracy: right / known,
    triggeredRate: hits / counted,
    untriggeredRate: same / (known * keys.length),
    questions: order.length,
    refusedTriggered: 1 - counted / (order.length - control.length),
    refused: probing.refused,
    sent: probing.sent,
  };
}

/** The plan's test on the answers to all keys of a group. */
export function decideGroup(
  { test, alpha }: Plan,
  { votes, targets }: Pick<Answers, 'votes' | 'targets'>,
): Decision {
  if (test === 'keys') return randomizationTest({ votes, targets, alpha });
  const sequential = keysSequentialTest({ classes: votes[0].length, alpha });
  return votes.map((row, j) => sequential.update(row, targets[j]))[votes.length - 1];
}
