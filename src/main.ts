#!/usr/bin/env node
import { loadConfig } from './config.ts';

const result = loadConfig();
if ('problems' in result) {
  console.error(
    ['The configuration has problems:', ...result.problems.map((line) => `  ${line}`)].join('\n'),
  );
  process.exit(1);
}
// Loaded only now: a bad configuration is told at once.
const { run } = await import('./run.ts');
await run(result.config);
