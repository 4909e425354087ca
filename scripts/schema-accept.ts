import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BREAKS, baselineOf, breakingChanges } from './baseline.ts';

const BASELINE = 'schema/baseline.graphql';

/** Records what the schema in this folder promises from now on. A break is refused, unless it is meant. */
export function acceptSchema(folder: string, flags: readonly string[]) {
  const [schemaFile, baselineFile] = [`${folder}/schema/schema.graphql`, `${folder}/${BASELINE}`];
  const sdl = readFileSync(schemaFile, 'utf8');
  const before = readFileSync(baselineFile, 'utf8');
  const after = baselineOf(sdl);
  const broken = breakingChanges(before, sdl);
  if (broken.length > 0 && !flags.includes('--breaking'))
    return { status: 1, output: [...broken.map((line) => `  ${line}`), BREAKS].join('\n') };
  if (after === before) return { status: 0, output: `${BASELINE} is up to date.` };
  writeFileSync(baselineFile, after);
  const breaks = broken.map((line) => `  Breaking: ${line}`);
  const output = [`${BASELINE} now promises what schema/schema.graphql has.`, ...breaks].join('\n');
  return { status: 0, output };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { status, output } = acceptSchema('.', process.argv.slice(2));
  if (status === 0) console.log(output);
  else console.error(output);
  process.exitCode = status;
}
