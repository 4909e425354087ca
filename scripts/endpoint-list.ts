import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../src/luaauth/', import.meta.url);

/** The text of src/luaauth/endpoints.ts: every endpoint that is declared in a file beside it. */
export function endpointList(): string {
  const files = readdirSync(FOLDER)
    .sort()
    .map((file) => ({ file, names: namesIn(readFileSync(new URL(file, FOLDER), 'utf8')) }))
    .filter(({ names }) => names.length > 0);
  const wrapped = (line: string, opening: string, names: readonly string[], closing: string) =>
    line.length <= 110 ? line : `${opening}\n${names.map((name) => `    ${name},\n`).join('')}  ${closing}`;
  return [
    '// Made by `npm run codegen`: every endpoint that is declared with `read` or `write` in a file beside this one.',
    '',
    ...[...files, { file: 'catalogue.ts', names: ['Catalogue', 'type RouteIn'] }]
      .sort((one, other) => one.file.localeCompare(other.file))
      .map(({ file, names }) => importOf(file, names)),
    '',
    'const FILES = {',
    ...files.map(({ file, names }) =>
      wrapped(`  '${file}': { ${names.join(', ')} },`, `  '${file}': {`, names, '},'),
    ),
    '};',
    '',
    '/** Every endpoint that is called. */',
    'export const ENDPOINTS = new Catalogue(FILES);',
    '',
    '/** The routes that are declared. */',
    'export type Route = RouteIn<typeof FILES>;',
    '',
  ].join('\n');
}

/** The exported endpoints, in the order in which they are declared. */
function namesIn(source: string): readonly string[] {
  return [...source.matchAll(/^export const (\w+) = (?:read|write)\(/gm)].map(([, name = '']) => name);
}

function importOf(file: string, names: readonly string[]): string {
  const sorted = [...names].sort((one, other) => one.localeCompare(other));
  const line = `import { ${sorted.join(', ')} } from './${file}';`;
  return line.length <= 110
    ? line
    : `import {\n${sorted.map((name) => `  ${name},\n`).join('')}} from './${file}';`;
}
