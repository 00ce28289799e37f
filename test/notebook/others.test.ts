import { join } from 'node:path';
import { test } from 'node:test';
import { loadDataset } from '../../src/data/load';
import { executeNotebook } from '../../src/notebook/execute';
import { temporaryFolder } from '../fixtures';
import { APPENDIX, assertSaysWhatIsCommitted, codeCells, FILES, FOLDER, isStarted, read } from './notebooks';

// one folder for all: what 06 trains, 07 and 08 go on with
const env = { MIB_ENGINE: 'wasm', MIB_OUT: temporaryFolder() };
const location30 = loadDataset('location30').then(
  () => true,
  () => false,
);

for (const file of FILES.filter(each => !isStarted(each) && each !== APPENDIX)) {
  test(`${file}: executed afresh, it says what is committed`, async t => {
    const source = codeCells(await read(file)).map(cell => cell.source);
    if (source.some(text => text.includes("loadDataset('location30'")) && !(await location30)) {
      return t.skip('Location-30 is not available: set MIB_DATA_MIRROR');
    }
    await assertSaysWhatIsCommitted(file, await executeNotebook(join(FOLDER, file), { env }));
  });
}
