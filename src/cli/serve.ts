import { once } from 'node:events';
import type { Command } from 'commander';
import { untilInterrupted } from '../interrupt';
import type { ServeOptions } from '../probe/remote/server';
import { toNumber } from './inputs';

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly name: string;
  readonly answers: NonNullable<ServeOptions['answers']>;
  readonly noise: number;
  readonly refuseRate: number;
  readonly rateLimit?: number;
  readonly seed: number;
}

/** `mib serve`: lets others ask a saved model over HTTP until the process is stopped. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('serve a saved model over the Open Inference Protocol and TensorFlow Serving’s REST API')
    .argument('<folder>', 'the model (written by saveModel)')
    .option('--port <number>', 'where to listen', toNumber, 8500)
    .option('--host <address>', 'who can reach it; by default this machine alone', '127.0.0.1')
    .option('--name <name>', 'the model’s name in its address', 'suspect')
    .option('--answers <kind>', 'label, probabilities or top-k', 'label')
    .option('--noise <share>', 'share of samples with a random answer', toNumber, 0)
    .option('--refuse-rate <share>', 'share of requests that are refused', toNumber, 0)
    .option('--rate-limit <number>', 'requests a second', toNumber)
    .option('--seed <number>', 'of noise and refusals', toNumber, 0)
    .action(serveCommand);
}

async function serveCommand(folder: string, flags: Flags): Promise<void> {
  const [{ loadModel }, { predictLogits }, { localModel }, { serveModel }] = await Promise.all([
    import('../train/node/model-file.js'),
    import('../train/predict.js'),
    import('../probe/local.js'),
    import('../probe/remote/server.js'),
  ]);
  const model = await loadModel(folder);
  const server = await serveModel(localModel(model), {
    shape: model.shape,
    logits: samples => predictLogits(model, samples),
    ...flags,
  });
  console.log(`${server.openinference}\n${server.tfserving}`);
  await untilInterrupted(signal => once(signal, 'abort'));
  await server.close();
}
