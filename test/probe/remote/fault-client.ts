/** The process that `fault.test` kills: probes the model at argv[2] with the ledger argv[3], prints the result. */

import { probe } from '../../../src/probe/probe';
import { httpModel } from '../../../src/probe/remote/http';
import { ledgerIn } from '../../../src/probe/remote/ledger';
import { faultOptions, faultSamples } from './fault-setting';

async function main([url, ledger]: string[]): Promise<void> {
  const box = httpModel({
    url,
    protocol: 'openinference',
    input: 'input',
    classes: 5,
    preprocess: { datatype: 'UINT8' },
    answers: 'label',
    timeoutMs: 2000,
    retryDelayMs: 5,
    retries: 8,
    seed: process.pid,
  });
  const { hits, queries } = await probe(box, faultSamples, { ...faultOptions, ledger: ledgerIn(ledger) });
  console.log(JSON.stringify({ hits, queries }));
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
