export {
  type Beacon,
  type BeaconProof,
  fetchRound,
  openBeacon,
  readRound,
  roundAfter,
  roundTime,
} from './claim/beacon';
export { deriveGroup, type Group, type MarkKey } from './claim/derive';
export {
  type Evidence,
  type OwnRecord,
  parseEvidence,
  readEvidence,
  recordOf,
  writeEvidence,
} from './claim/evidence';
export {
  createKey,
  deriveKeys,
  hashSamples,
  type KeyCollisions,
  keyCollisions,
  markWithKeys,
  OwnerKey,
  type PlanChoices,
} from './claim/key';
export { readKey, writeKey } from './claim/key-file';
export { commitmentOf, type Plan } from './claim/key-plan';
export { type KeysOptions, type KeysProbing, probeKeys } from './claim/probe-keys';
export { decideGroup } from './claim/questions';
export type { Check, Verification } from './claim/verdict';
export { verdictPage } from './claim/verdict-page';
export { checkEvidence, type VerifyOptions, verifyEvidence } from './claim/verify';
export { type DatasetName, type LoadOptions, loadDataset } from './data/load';
export { readSamples, writeSamples } from './data/samples-file';
export { takeSamples } from './data/take';
export { adjust } from './decide/adjust';
export { type BinomialDecision, binomialTest } from './decide/binomial';
export { type ChanceEstimate, estimateChance } from './decide/chance';
export { type ControlDecision, controlTest } from './decide/control';
export type { Decision, Hits } from './decide/decision';
export { decoyTest } from './decide/decoys';
export { clopperPearson } from './decide/interval';
export { keysSequentialTest } from './decide/keys-sequential';
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
export { type Engine, type EngineName, useEngine } from './engine/node';
export { untilInterrupted } from './interrupt';
export { eligibleRows, type Mark, type Marking, markForOwners, markRows, markSamples } from './mark/mark';
export { stamp } from './mark/stamp';
export { bitTrigger, randomBits, randomPattern, squareTrigger, type Trigger } from './mark/trigger';
export { outFolder } from './paths';
export { localModel } from './probe/local';
export {
  type Answers,
  drawQueries,
  type ProbeOptions,
  type ProbeProgress,
  type ProbeResult,
  probe,
  type StoppingTest,
} from './probe/probe';
export type { AnswerRecordStore } from './probe/record';
export { serveElsewhere } from './probe/remote/child-server';
export { type HttpModel, type HttpOptions, httpModel } from './probe/remote/http';
export { ledgerIn } from './probe/remote/ledger';
export { onnxModel } from './probe/remote/onnx';
export type { Exchange, Protocol, Reply } from './probe/remote/protocols';
export { type ModelServer, type ServeOptions, serveModel } from './probe/remote/server';
export type { Preprocess } from './probe/remote/tensor-writer';
export { Random, type RandomState } from './random';
export { COLOURS, type Figure, showFigure, writeFigure } from './report/figure';
export { imagesFigure, type Picture, showImages } from './report/figure-images';
export { showProgress } from './report/progress';
export { readSummary, type Summary, writeSummary } from './report/summary';
export { showTable, type Table, tableText } from './report/table';
export * as reproduce from './reproduce';
export type { Epoch, History } from './train/epoch';
export { buildModel, Model, type ModelName, type ModelOptions, wrapModel } from './train/model';
export { checkpointIn } from './train/node/checkpoint';
export { keepModel, reuseModel } from './train/node/kept-model';
export { loadModel, saveModel } from './train/node/model-file';
export { type TrainJob, trainMany } from './train/node/train-many';
export type { Checkpoint, TrainOptions } from './train/options';
export { accuracy, predictLabels, predictLogits } from './train/predict';
export { train } from './train/train';
export { type BlackBox, type Dataset, type Progress, REFUSED, rowSize, type Samples } from './types';
