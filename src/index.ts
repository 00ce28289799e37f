export { type DatasetName, type LoadOptions, loadDataset } from './data/load';
export { readSamples, writeSamples } from './data/samples-file';
export { takeSamples } from './data/take';
export { adjust, adjustEValues } from './decide/adjust';
export { type BinomialDecision, binomialTest, clopperPearson } from './decide/binomial';
export { type ChanceEstimate, estimateChance } from './decide/chance';
export type { Decision } from './decide/decision';
export { decoyTest } from './decide/decoys';
export { keysSequentialTest } from './decide/keys-sequential';
export { toleratedNoise } from './decide/noise';
export {
  type AuditPlan,
  type AuditSetting,
  auditPower,
  type KeyPlan,
  planAudit,
  planKeys,
} from './decide/plan';
export { countVotes, type RandomizationDecision, randomizationTest } from './decide/randomization';
export { type RemovalDecision, removalTest } from './decide/removal';
export { type SequentialDecision, sequentialTest } from './decide/sequential';
export {
  type TheoremDecision,
  type TheoremSetting,
  theoremHits,
  theoremTest,
  theoremThreshold,
} from './decide/theorem';
export {
  createKey,
  deriveKeys,
  hashSamples,
  type KeyCollisions,
  keyCollisions,
  type MarkKey,
  markWithKeys,
  OwnerKey,
} from './mark/key';
export { readKey, writeKey } from './mark/key-file';
export type { Plan } from './mark/plan';
export { markSamples, stamp } from './mark/stamp';
export { bitTrigger, randomBits, randomPattern, squareTrigger, type Trigger } from './mark/trigger';
export { outFolder } from './out-folder';
export { serveElsewhere } from './probe/elsewhere';
export { type HttpModel, type HttpOptions, httpModel } from './probe/http';
export { type KeysProbing, probeKeys } from './probe/keys';
export { localModel } from './probe/local';
export { onnxModel } from './probe/onnx';
export {
  drawQueries,
  type ProbeOptions,
  type ProbeProgress,
  type ProbeResult,
  probe,
  REFUSED,
  type StoppingTest,
} from './probe/probe';
export type { Exchange, Protocol, Reply } from './probe/protocols';
export { type ModelServer, type ServeOptions, serveModel } from './probe/server';
export type { Preprocess } from './probe/tensor';
export { Random, type RandomState } from './random';
export { type Evidence, writeEvidence } from './report/evidence';
export { COLOURS, type Figure, showFigure, writeFigure } from './report/figure';
export { imagesFigure, type Picture, showImages } from './report/figure-images';
export { showProgress } from './report/progress';
export { readSummary, type Summary, writeSummary } from './report/summary';
export { showTable, type Table, tableText } from './report/table';
export {
  type Check,
  type Replay,
  type Verification,
  type VerifyOptions,
  verifyEvidence,
} from './report/verify';
export { type ResultRow, readResults, rowsOf } from './reproduce/csv';
export { type ExperimentName, type Profile, runsOf } from './reproduce/experiments';
export { type AttackOutcome, attackMembers } from './reproduce/membership';
export { type Outcome, type OwnerOutcome, performRun } from './reproduce/perform';
export { type Run, runId } from './reproduce/run';
export {
  attacksTable,
  type Estimate,
  estimate,
  percentOf,
  type SettingSummary,
  settingsTable,
  summarizeSettings,
} from './reproduce/summary';
export { type Engine, type EngineName, useEngine } from './train/engine';
export { type TrainJob, trainMany } from './train/many';
export { buildModel, Model, type ModelName, type ModelOptions, wrapModel } from './train/model';
export { accuracy, predictLabels, predictLogits } from './train/predict';
export { keepModel, reuseModel } from './train/reuse';
export { loadModel, saveModel } from './train/save';
export { type Epoch, type History, type TrainOptions, train, untilInterrupted } from './train/train';
export type { BlackBox, Dataset, Progress, Samples } from './types';
