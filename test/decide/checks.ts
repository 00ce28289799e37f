import assert from 'node:assert/strict';
import { clopperPearson } from '../../src/decide/interval';
import { Random } from '../../src/random';

/** Equal up to a relative error: an absolute one would accept any 1e-20 for 1e-100. */
export function assertClose(actual: number, expected: number, tolerance: number, what: string): void {
  const error = actual === expected ? 0 : Math.abs(actual / expected - 1);
  assert.ok(error <= tolerance, `${what}: ${actual}, expected ${expected}, relative error ${error}`);
}

/** Innocent models are accused at a rate of at most `alpha`, within the error of so many simulated `runs`. */
export function assertCalibrated(alpha: number, runs: number, accuse: (random: Random) => boolean): void {
  const { accused, lower } = simulate(runs, accuse);
  assert.ok(lower <= alpha, `${accused} of ${runs} accused, at most ${100 * alpha} % allowed`);
}

/** The rate is certainly above `alpha`: an assumption that a docstring names is one that matters. */
export function assertBroken(alpha: number, runs: number, accuse: (random: Random) => boolean): void {
  const { accused, lower } = simulate(runs, accuse);
  assert.ok(lower > alpha, `${accused} of ${runs} accused, expected certainly more than ${100 * alpha} %`);
}

function simulate(runs: number, accuse: (random: Random) => boolean): { accused: number; lower: number } {
  const random = new Random(2022, 'calibration');
  let accused = 0;
  for (let run = 0; run < runs; run++) if (accuse(random)) accused++;
  return { accused, lower: clopperPearson({ hits: accused, queries: runs, confidence: 0.999 })[0] };
}

/** How many of `queries` hit at the given chance. */
export function drawHits(random: Random, queries: number, chance: number): number {
  let hits = 0;
  for (let query = 0; query < queries; query++) if (random.next() < chance) hits++;
  return hits;
}

/**
 * Votes of an unpleasant innocent model: each trigger has a favourite class of its own, mostly class 0, and gets it
 * for most queries; a few queries are refused. `learnt` is the share of queries answered with the target instead.
 */
export function drawVotes(
  random: Random,
  classes: number,
  queries: number,
  target = 0,
  learnt = 0,
): number[] {
  const favourite = random.next() < 0.7 ? 0 : random.integer(classes);
  const votes = new Array<number>(classes).fill(0);
  for (let query = 0; query < queries; query++) {
    if (random.next() < learnt) votes[target]++;
    else if (random.next() < 0.8) votes[favourite]++;
    else if (random.next() < 0.7) votes[random.integer(classes)]++;
  }
  return votes;
}
