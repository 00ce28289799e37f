#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addClaimCommand } from './cli/claim';
import { addKeyCommand } from './cli/key';
import { addMarkCommand } from './cli/mark';
import { addProbeCommand } from './cli/probe';
import { addServeCommand } from './cli/serve';
import { Failure, printable, WRONG_USAGE } from './cli/terminal';
import { addVerifyCommand } from './cli/verify';

const complain = (text: string) => process.stderr.write(printable(text));
const program = new Command('mib')
  .description('Membership inference via backdooring')
  .exitOverride()
  .configureOutput({ writeErr: complain });
for (const add of [
  addKeyCommand,
  addMarkCommand,
  addProbeCommand,
  addClaimCommand,
  addVerifyCommand,
  addServeCommand,
])
  add(program);

program.parseAsync().catch((error: Error) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  else {
    complain(`mib: ${error.message}\n`);
    process.exitCode ??= error instanceof Failure ? 1 : WRONG_USAGE;
  }
});
