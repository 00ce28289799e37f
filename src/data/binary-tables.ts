import type { BinaryTable } from './binary-rows';

/*
 * Two tables of Shokri et al., Membership inference attacks against machine learning models, S&P 2017.
 */

const FOLDER = 'https://github.com/privacytrustlab/datasets/raw/master';

/** 5,010 users of Foursquare in Bangkok, 446 places and kinds of place each visited or not, in 30 clusters. */
export const LOCATION30: BinaryTable = {
  name: 'location30',
  title: 'Location-30 (Shokri et al. 2017)',
  file: {
    name: 'dataset_location.tgz',
    urls: [`${FOLDER}/dataset_location.tgz`],
    checksum: {
      algorithm: 'sha256',
      digest: '927203f85a868f8ee17a0ded1dc61699efe602167beabe34fbf45b4b1de94b33',
    },
  },
  entry: 'bangkok',
  rows: 5010,
  features: 446,
  classes: 30,
};

/** 197,324 shoppers, 600 products each bought or not, in 100 clusters. No checksum is published. */
export const PURCHASE100: BinaryTable = {
  name: 'purchase100',
  title: 'Purchase-100 (Shokri et al. 2017)',
  file: { name: 'dataset_purchase.tgz', urls: [`${FOLDER}/dataset_purchase.tgz`] },
  entry: 'dataset_purchase',
  rows: 197_324,
  features: 600,
  classes: 100,
};
