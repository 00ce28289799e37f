import { spawn, spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { ROOT } from '../paths';

// `npm run lab`: JupyterLab or Jupyter Notebook, whichever is installed, on notebooks/ with our kernel
const frontEnd = ['lab', 'notebook'].find(
  name => spawnSync('jupyter', [name, '--version'], { stdio: 'ignore' }).status === 0,
);
if (frontEnd) {
  const kernels = [join(ROOT, '.jupyter'), process.env.JUPYTER_PATH].filter(Boolean).join(delimiter);
  const jupyter = spawn('jupyter', [frontEnd, ...process.argv.slice(2)], {
    cwd: join(ROOT, 'notebooks'),
    env: { ...process.env, JUPYTER_PATH: kernels },
    stdio: 'inherit',
  });
  process.on('SIGINT', () => {}); // Jupyter gets it too, and asks whether to stop
  jupyter.on('close', status => {
    process.exitCode = status ?? 1;
  });
} else {
  console.error(
    [
      'lab: neither JupyterLab nor Jupyter Notebook is installed.',
      'Install one (`pip install jupyterlab`, or `apt install jupyter-notebook` on Debian), or read the notebooks',
      'without it: `npm start` executes them and writes HTML pages to out/.',
    ].join('\n'),
  );
  process.exitCode = 1;
}
