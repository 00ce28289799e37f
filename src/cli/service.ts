import { z } from 'zod';
import { checked, readLimited } from '../files';
import { type HttpModel, httpModel } from '../probe/remote/http';

const channels = z.union([z.number(), z.array(z.number())]);
const count = z.int().min(1);

/** What `mib probe --plan` reads: how the service speaks, how fast it may be asked, and what to ask about. */
const schema = z.strictObject({
  protocol: z.enum(['openinference', 'tfserving']),
  preprocess: z.strictObject({
    scale: z.number().optional(),
    mean: channels.optional(),
    std: channels.optional(),
    layout: z.enum(['NHWC', 'NCHW']).optional(),
    datatype: z.enum(['FP32', 'FP64', 'UINT8', 'INT32', 'INT64']).optional(),
    shape: z.array(count).optional(),
  }),
  answers: z.enum(['label', 'probabilities', 'logits', 'top-k', 'name']),
  classNames: z.array(z.string()).optional(),
  input: z.string().optional(),
  output: z.string().optional(),
  columns: z.boolean().optional(),
  tokenVariable: z.string().optional(),
  tokenHeader: z.string().optional(),
  queriesPerSecond: z.number().optional(),
  timeoutMs: z.number().optional(),
  retries: z.int().min(0).optional(),
  maxWaitMs: z.number().optional(),
  batchSize: count.optional(),
  concurrency: count.optional(),
  budget: count.optional(),
  /** The public randomness as its source published it. */
  randomness: z.string().optional(),
  /** The probes: a file of samples, or a data set to take the test set of. Default: the key's data set. */
  probes: z.string().optional(),
});

export type ServicePlan = z.infer<typeof schema>;

/** @throws Error naming the first wrong field of the file */
export function readServicePlan(path: string): ServicePlan {
  let plan: unknown;
  try {
    plan = JSON.parse(readLimited('readServicePlan', path, 2 ** 20).toString());
  } catch (error) {
    throw new Error(`readServicePlan: ${path}: ${(error as Error).message}`);
  }
  return checked('readServicePlan', 'plan', schema, plan);
}

/** The suspect model at `url`, spoken to as the plan says. */
export function suspectAt(url: string, classes: number, plan: ServicePlan): HttpModel {
  return httpModel({ ...plan, url, classes });
}
