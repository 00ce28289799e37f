import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder for everything that a run leaves: `MIB_OUT`, or `out/` of this repository. */
export function outFolder(): string {
  return process.env.MIB_OUT || join(__dirname, '..', '..', 'out');
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
