import { existsSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { type DatasetName, loadDataset } from '../data/load';
import { readSamples } from '../data/samples-file';
import type { Samples } from '../types';

/** A file of samples, or the test set of a data set. */
export async function loadProbes(source: string): Promise<Samples> {
  return existsSync(source) ? readSamples(source) : (await loadDataset(source as DatasetName)).test;
}

/** For options that are numbers. */
export function toNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}
