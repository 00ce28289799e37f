import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where Jupyter looks for a user's own kernels (https://docs.jupyter.org, "Jupyter paths"). */
function jupyterDataFolder(): string {
  const { env, platform } = process;
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Jupyter');
  if (platform === 'win32') return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'jupyter');
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'jupyter');
}

// `npm run kernel:install`: the kernel for the user's own Jupyter, started by absolute paths from any folder
const folder = join(jupyterDataFolder(), 'kernels', 'mib');
const spec = {
  argv: [process.execPath, join(__dirname, 'kernel.js'), '{connection_file}'],
  display_name: 'TypeScript (MIB)',
  language: 'typescript',
};
try {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'kernel.json'), `${JSON.stringify(spec, null, 2)}\n`);
  console.log(`The kernel "${spec.display_name}" is now in ${folder}`);
} catch (error) {
  console.error(`kernel:install: cannot write to ${folder} (${(error as Error).message})`);
  process.exitCode = 1;
}
