/** The program of `serveElsewhere`: serves the model in a folder until the process that started it ends. */
import type { ChildMessage } from './child-server';
import { serveSaved } from './serve-saved';

const [folder, options] = process.argv.slice(2);
const tell = (message: ChildMessage) => process.send?.(message);

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // an interrupt is meant for the process that asks

serveSaved(folder, JSON.parse(options)).then(tell, (error: Error) => {
  tell({ error: error.message });
  process.exitCode = 1;
  process.disconnect();
});
