import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Model } from '../../train/model';
import { saveModel } from '../../train/node/model-file';
import type { ModelServer, ServeOptions } from './server';

/**
 * Serves a model from a process of its own on this machine, as `mib serve` does: to ask it is to ask a stranger,
 * whose weights the asking process does not have.
 *
 * Ends with `close`, or with this process.
 *
 * @throws if the server does not start; says what it printed
 */
export async function serveElsewhere(
  model: Model,
  options: Pick<ServeOptions, 'answers' | 'noise' | 'refuseRate' | 'rateLimit' | 'seed'> = {},
): Promise<ModelServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mib-served-'));
  await saveModel(model, folder);
  const flags = Object.entries(options).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [`--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`, `${value}`],
  );
  const program = join(__dirname, '..', '..', 'cli.js');
  const child = spawn(process.execPath, [program, 'serve', folder, '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const end = () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', end);
  let complaint = '';
  child.stderr.on('data', text => {
    complaint += text;
  });
  const addresses: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    if (addresses.push(line) === 2) break;
  }
  if (addresses.length < 2) {
    end();
    throw new Error(`serveElsewhere: the server does not start: ${complaint.trim()}`);
  }
  const [openinference, tfserving] = addresses;
  return {
    origin: new URL(openinference).origin,
    openinference,
    tfserving,
    close: async () => {
      process.removeListener('exit', end);
      end();
      await ended;
    },
  };
}
