import { existsSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { type BeaconProof, beaconProofSchema, fetchRound, readRound } from '../claim/beacon';
import type { OwnerKey } from '../claim/key';
import { type DatasetName, loadDataset } from '../data/load';
import { readSamples } from '../data/samples-file';
import { checked, readLimited } from '../files';
import type { Samples } from '../types';

/** Samples and, of a data set, the names of its classes. */
interface NamedSamples {
  readonly samples: Samples;
  readonly classNames?: readonly string[];
}

/** A file of samples, or one part of a data set. */
export async function loadSamples(source: string, part: 'train' | 'test'): Promise<NamedSamples> {
  if (existsSync(source)) return { samples: readSamples(source) };
  const { [part]: samples, classNames } = await loadDataset(source as DatasetName);
  return { samples, classNames };
}

/**
 * What shows the value of the plan's beacon: as `source` says, a file with drand's round, `fetch` to get it, or a
 * value in hexadecimal; without it what `mib mark` kept beside the key.
 */
export async function proofOf(
  caller: string,
  { plan: { beacon } }: OwnerKey,
  { key, beacon: source }: { readonly key: string; readonly beacon?: string },
): Promise<BeaconProof> {
  if (beacon.kind === 'rehearsal') {
    if (source === undefined) return { kind: 'rehearsal' };
    throw new Error(`${caller}: --beacon has no effect, for the plan is a rehearsal`);
  }
  if (source === undefined) return readProof(caller, beaconFile(key));
  if (beacon.kind === 'value') return { kind: 'value', value: source };
  const { round, signature } = source === 'fetch' ? await fetchRound(beacon.round) : readRound(source);
  if (round === beacon.round) return { kind: 'drand', signature };
  throw new Error(`${caller}: ${source} is round ${round}, expected ${beacon.round} as planned`);
}

/** Where `mib mark` keeps the value of the beacon, which is no secret. */
export function beaconFile(key: string): string {
  return `${key}.beacon`;
}

function readProof(caller: string, path: string): BeaconProof {
  if (!existsSync(path))
    throw new Error(`${caller}: ${path} is missing, expected --beacon, or mib mark before`);
  return checked(caller, path, beaconProofSchema, JSON.parse(readLimited(caller, path, 4096).toString()));
}

/** For options that are numbers. */
export function toNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

/** For options that are moments: ISO 8601 with a time zone, so that they mean the same everywhere. */
export function toDate(text: string): Date {
  const date = new Date(text);
  if (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(date.getTime())
  )
    return date;
  throw new InvalidArgumentError('Expected a moment like 2026-01-31T12:00:00Z.');
}
