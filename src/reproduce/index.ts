/* The face of the workshop that repeats the paper's experiments; `npm run reproduce` is its program. */

export { byModel, type ClusteredMean, clusteredMean } from './clusters';
export { accuracyCost, againstPeer, meanWithin } from './comparisons';
export { experimentRows, type ResultRow, readResults } from './csv';
export { type ExperimentName, type Profile, runsOf } from './experiments';
export { type AttackOutcome, attackMembers } from './membership';
export { numberedTables } from './numbered-tables';
export { type Run, runId } from './run';
export { type Outcome, type OwnerOutcome, performRun } from './run-one';
export {
  attacksTable,
  type Estimate,
  estimate,
  percentOf,
  type SettingSummary,
  settingsTable,
  summarizeSettings,
} from './tables';
