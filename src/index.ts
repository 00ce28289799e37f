export { type BinomialDecision, binomialTest, clopperPearson } from './decide/binomial';
export type { Decision } from './decide/decision';
export {
  type TheoremDecision,
  type TheoremSetting,
  theoremHits,
  theoremTest,
  theoremThreshold,
} from './decide/theorem';
export { Random, type RandomState } from './random';
export type { BlackBox, Dataset, Progress, Samples } from './types';
