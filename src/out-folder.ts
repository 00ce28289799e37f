import { join } from 'node:path';

/** The folder for everything that a run leaves: `MIB_OUT`, or `out/` of this repository. */
export function outFolder(): string {
  return process.env.MIB_OUT || join(__dirname, '..', '..', 'out');
}
