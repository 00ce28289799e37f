#!/usr/bin/env node
import { Command } from 'commander';
import { addProbeCommand } from './cli/probe';
import { addServeCommand } from './cli/serve';
import { addVerifyCommand } from './cli/verify';

const program = new Command('mib').description('Membership inference via backdooring');
addServeCommand(program);
addProbeCommand(program);
addVerifyCommand(program);

program.parseAsync().catch((error: Error) => {
  console.error(`mib: ${error.message}`);
  process.exitCode = 1;
});
