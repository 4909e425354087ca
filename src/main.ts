#!/usr/bin/env node
import { setV8Flags } from './server/v8-flags.ts';

setV8Flags();
const { runCommandLine } = await import('./cli/program.ts');
await runCommandLine(process.argv.slice(2));
