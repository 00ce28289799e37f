import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../../train/model';
import { saveModel } from '../../train/node/model-file';
import type { ModelServer, ServeOptions } from './server';

/** What the server's process says when it serves, or can't. */
export type ChildMessage = Omit<ModelServer, 'close'> | { readonly error: string };

/**
 * Serves a model from a process of its own on this machine, as `mib serve` does: the asking process does not
 * have the weights.
 *
 * The server ends with `close`, or with this process, however it ends.
 *
 * @throws Error when the server does not start; says why
 */
export async function serveElsewhere(
  model: Model,
  options: Pick<ServeOptions, 'answers' | 'noise' | 'refuseRate' | 'rateLimit' | 'seed'> = {},
): Promise<ModelServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mib-served-'));
  try {
    await saveModel(model, folder);
    const program = join(__dirname, 'child-main.js');
    const child = fork(program, [folder, JSON.stringify(options)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const message = await firstMessage(child);
    if ('error' in message) throw new Error(`serveElsewhere: the server does not start: ${message.error}`);
    // neither the process nor the channel to it keeps this one from ending
    child.unref();
    child.channel?.unref();
    const close = async () => {
      child.ref();
      if (child.exitCode !== null || !child.kill()) return;
      await once(child, 'exit');
    };
    return { ...message, close };
  } finally {
    rmSync(folder, { recursive: true, force: true }); // the server has it in memory
  }
}

async function firstMessage(child: ChildProcess): Promise<ChildMessage> {
  const ended = once(child, 'exit').then(([code]): [ChildMessage] => [
    { error: `it ended with code ${code}` },
  ]);
  const [message] = await Promise.race([once(child, 'message') as Promise<[ChildMessage]>, ended]);
  return message;
}
