import { join } from 'node:path';
import { ROOT } from '../paths';
import type { Dataset, Progress } from '../types';
import { loadBinaryTable } from './binary-rows';
import { LOCATION30, PURCHASE100 } from './binary-tables';
import { loadCifar10 } from './cifar10';
import { loadFashionMnist, loadFashionMnistSubset } from './fashion-mnist';

export type DatasetName = 'fashion-mnist' | 'cifar10' | 'location30' | 'purchase100';

export interface LoadOptions {
  /** The full Fashion-MNIST (60,000 + 10,000 images, a download of 31 MB) and not the subset that ships. */
  readonly full?: boolean;
  /** Seed of the 80/20 split of Location-30 and Purchase-100; default 0. The others come split. */
  readonly seed?: number;
  /** Folder that keeps downloads; default `MIB_DATA_CACHE` of the environment, else `data/cache` of this package. */
  readonly cache?: string;
  /**
   * Local folder or base URL to take the published files from, by their names; default `MIB_DATA_MIRROR` of the
   * environment. Files of a local folder may differ from the published ones, with a warning.
   */
  readonly mirror?: string;
  /** Called as a download proceeds. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops a download; what arrived is kept, and the next call resumes it. */
  readonly signal?: AbortSignal;
}

const DATA = join(ROOT, 'data');

/**
 * Loads a data set by name, verified and parsed with every field checked.
 *
 * | name | rows (train + test) | shape | classes | source |
 * | --- | --- | --- | --- | --- |
 * | `fashion-mnist` | 10,000 + 2,000; 60,000 + 10,000 with `full` | 28 × 28 × 1 | 10 | ships; `full` is downloaded |
 * | `cifar10` | 50,000 + 10,000 | 32 × 32 × 3 | 10 | download of 170 MB |
 * | `location30` | 4,008 + 1,002 | 446 bits | 30 | download of 0.3 MB |
 * | `purchase100` | 157,859 + 39,465 | 600 bits | 100 | download |
 *
 * @throws when the name is unknown, or a file is not available, differs from the published one or is malformed
 */
export async function loadDataset(name: DatasetName, options: LoadOptions = {}): Promise<Dataset> {
  const fetchOptions = {
    cache: join(options.cache || process.env.MIB_DATA_CACHE || join(DATA, 'cache'), name),
    mirror: options.mirror || process.env.MIB_DATA_MIRROR,
    onProgress: options.onProgress,
    signal: options.signal,
  };
  switch (name) {
    case 'fashion-mnist':
      return options.full ? loadFashionMnist(fetchOptions) : loadFashionMnistSubset(join(DATA, name));
    case 'cifar10':
      return loadCifar10(fetchOptions);
    case 'location30':
      return loadBinaryTable(LOCATION30, { ...fetchOptions, seed: options.seed });
    case 'purchase100':
      return loadBinaryTable(PURCHASE100, { ...fetchOptions, seed: options.seed });
    default:
      throw new Error(
        `loadDataset: name is ${name}, expected 'fashion-mnist', 'cifar10', 'location30' or 'purchase100'`,
      );
  }
}
