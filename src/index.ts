export { type BinomialDecision, binomialTest, clopperPearson } from './decide/binomial';
export type { Decision } from './decide/decision';
export {
  type TheoremDecision,
  type TheoremSetting,
  theoremHits,
  theoremTest,
  theoremThreshold,
} from './decide/theorem';
export { markSamples, stamp } from './mark/stamp';
export { bitTrigger, randomBits, randomPattern, squareTrigger, type Trigger } from './mark/trigger';
export { Random, type RandomState } from './random';
export type { BlackBox, Dataset, Progress, Samples } from './types';
