import type { Command } from 'commander';
import { z } from 'zod';
import { checked, readLimited } from '../files';
import { type HttpModel, httpModel } from '../probe/remote/http';
import { type BlackBox, REFUSED } from '../types';

const channels = z.union([z.number(), z.array(z.number())]);
const count = z.int().min(1);

/** What `--service` reads: how a service speaks, and how fast it may be asked. */
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
  /** In the order of the service's numbers; labels are translated to the plan's by name. */
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
});

type Service = z.infer<typeof schema>;

export interface SuspectFlags {
  readonly service?: string;
  readonly url?: string;
  readonly model?: string;
}

/** A suspect that can be asked, and how. */
export interface Suspect {
  readonly box: BlackBox;
  readonly asking: Pick<Service, 'batchSize' | 'concurrency' | 'budget'>;
}

/** The options that name a suspect, for a command. */
export function addSuspectOptions(command: Command): Command {
  return command
    .option(
      '--service <file>',
      'how the suspect’s service speaks: protocol, preprocess, answers, classNames, …',
    )
    .option('--url <address>', 'where the service is, e.g. http://localhost:8500/v2/models/suspect')
    .option('--model <folder>', 'instead: a model on this machine (written by saveModel)');
}

/** The suspect that the options name, its labels being those of `classNames`; undefined without options. */
export async function suspectOf(
  caller: string,
  { service, url, model }: SuspectFlags,
  classNames: readonly string[],
): Promise<Suspect | undefined> {
  if (model !== undefined) {
    if (service !== undefined || url !== undefined)
      throw new Error(`${caller}: expected --model or --service with --url, not both`);
    // TensorFlow.js is loaded here alone: all else answers at once
    const [{ loadModel }, { localModel }] = [
      await import('../train/node/model-file.js'),
      await import('../probe/local.js'),
    ];
    return { box: { ...localModel(await loadModel(model)), name: model }, asking: {} };
  }
  if (service === undefined && url === undefined) return undefined;
  if (service === undefined || url === undefined)
    throw new Error(`${caller}: expected --service and --url together`);
  const read = readService(service);
  return { box: renamed(suspectAt(url, classNames.length, read), classNames, read), asking: read };
}

/** @throws Error naming the first wrong field of the file */
function readService(path: string): Service {
  let service: unknown;
  try {
    service = JSON.parse(readLimited('readService', path, 2 ** 20).toString());
  } catch (error) {
    throw new Error(`readService: ${path}: ${(error as Error).message}`);
  }
  return checked('readService', 'service', schema, service);
}

/** The suspect model at `url`, spoken to as the file says. */
function suspectAt(url: string, classes: number, service: Service): HttpModel {
  return httpModel({ ...service, url, classes });
}

/** Translates the service's labels to those of the plan, by the names of the classes. */
function renamed(box: BlackBox, planned: readonly string[], { classNames }: Service): BlackBox {
  if (classNames === undefined) return box;
  const labels = classNames.map(name => planned.indexOf(name));
  const unknown = classNames.find((_, i) => labels[i] < 0);
  if (unknown !== undefined || new Set(labels).size !== planned.length)
    throw new Error(
      `readService: classNames have ${unknown ?? `${labels.length} names`}, expected the plan's: ${planned.join(', ')}`,
    );
  return {
    ...box,
    predict: async (...args) =>
      (await box.predict(...args)).map(label => (label === REFUSED ? REFUSED : labels[label])),
  };
}
