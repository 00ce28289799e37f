export { Random, type RandomState } from './random';
export type { BlackBox, Dataset, Progress, Samples } from './types';
