#!/usr/bin/env node
import { unsupportedRuntime } from './server/runtime.ts';
import { setV8Flags } from './server/v8-flags.ts';

const problem = unsupportedRuntime(process.versions);
if (problem !== undefined) {
  console.error(problem);
  process.exit(1);
}
setV8Flags();
const { runCommandLine } = await import('./cli/program.ts');
await runCommandLine(process.argv.slice(2));
