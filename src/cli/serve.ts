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
  readonly seed?: number;
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
    .option('--seed <number>', 'of noise and refusals (default: at random)', toNumber)
    .action(serveCommand);
}

async function serveCommand(folder: string, flags: Flags): Promise<void> {
  const { serveSaved } = await import('../probe/remote/serve-saved.js'); // loads TensorFlow.js
  const server = await serveSaved(folder, flags);
  console.log(`${server.openinference}\n${server.tfserving}`);
  await untilInterrupted(signal => once(signal, 'abort'));
  await server.close();
}
