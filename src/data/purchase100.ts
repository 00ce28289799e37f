import type { BinaryTable } from './binary-rows';

/**
 * Purchase-100: 197,324 shoppers, 600 products each bought or not, in 100 clusters. No checksum is published.
 *
 * Shokri et al., Membership inference attacks against machine learning models, S&P 2017.
 */
export const PURCHASE100: BinaryTable = {
  name: 'purchase100',
  title: 'Purchase-100 (Shokri et al. 2017)',
  file: {
    name: 'dataset_purchase.tgz',
    urls: ['https://github.com/privacytrustlab/datasets/raw/master/dataset_purchase.tgz'],
  },
  entry: 'dataset_purchase',
  rows: 197_324,
  features: 600,
  classes: 100,
};
