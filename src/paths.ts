import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository's folder, wherever the working folder is; this file runs from `dist/src`. */
export const ROOT = join(__dirname, '..', '..');

/** The folder for everything that a run leaves: `MIB_OUT`, or `out/` of this repository. */
export function outFolder(): string {
  return process.env.MIB_OUT || join(ROOT, 'out');
}

/** Makes the {@link outFolder} before long work begins. @throws Error if nothing can be written there */
export function makeOutFolder(caller: string): string {
  const out = outFolder();
  try {
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, '.writable'), '');
    rmSync(join(out, '.writable'));
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`${caller}: cannot write to ${out} (${reason}); set MIB_OUT to another folder`);
  }
  return out;
}
