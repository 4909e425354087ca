import { readFileSync, writeFileSync } from 'node:fs';
import { BREAKS, baselineOf, breakingChanges } from './baseline.ts';

const BASELINE = 'schema/baseline.graphql';

const sdl = readFileSync('schema/schema.graphql', 'utf8');
const before = readFileSync(BASELINE, 'utf8');
const after = baselineOf(sdl);
const broken = breakingChanges(before, sdl);

if (broken.length > 0 && !process.argv.includes('--breaking')) {
  console.error([...broken.map((line) => `  ${line}`), BREAKS].join('\n'));
  process.exit(1);
}
if (after === before) {
  console.log(`${BASELINE} is up to date.`);
} else {
  writeFileSync(BASELINE, after);
  console.log(
    [
      `${BASELINE} now promises what schema/schema.graphql has.`,
      ...broken.map((line) => `  Breaking: ${line}`),
    ].join('\n'),
  );
}
