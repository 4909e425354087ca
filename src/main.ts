#!/usr/bin/env node
import { enableCompileCache, setV8Flags, unsupportedRuntime } from './server/runtime.ts';

const problem = unsupportedRuntime(process.versions);
if (problem !== undefined) {
  console.error(problem);
  process.exit(1);
}
setV8Flags();
enableCompileCache();
const { runCommandLine } = await import('./cli/run.ts');
await runCommandLine(process.argv.slice(2), await import('./features/process-features.ts'));
