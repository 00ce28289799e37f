import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../interrupt';
import { ROOT } from '../paths';
import { showProgress } from '../report/progress';
import { executeNotebook } from './execute';
import { writeNotebook } from './notebook';

/*
 * `npm run notebooks [NAME…]`: executes notebooks in place, so that their committed outputs are what the code says
 * today. On the WebAssembly engine, which gives the same numbers on every machine, and with no model left over from
 * an earlier run.
 */
async function main(names: string[], signal: AbortSignal): Promise<void> {
  const folder = join(ROOT, 'notebooks');
  const files = readdirSync(folder).filter(file => file.endsWith('.ipynb'));
  const out = mkdtempSync(join(tmpdir(), 'mib-notebooks-'));
  process.once('exit', () => rmSync(out, { recursive: true }));
  const env = { MIB_ENGINE: 'wasm', MIB_OUT: out };
  for (const file of files.filter(each => names.length === 0 || names.some(name => each.startsWith(name)))) {
    const path = join(folder, file);
    writeNotebook(path, await executeNotebook(path, { onProgress: showProgress(file), signal, env }));
    console.log(`${file} refreshed`);
  }
}

runProgram('notebooks', signal => main(process.argv.slice(2), signal));
