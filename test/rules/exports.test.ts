import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

/** The package exports these files; GraphiQL imports the last in the place of Monaco. */
const ENTRIES = ['index.ts', 'features/schema.ts', 'features/graphiql/browser/editor/monaco.ts'];

/** Exports that no other file in src/ imports, each with a file that needs it. */
const NEEDED_BY: Readonly<Record<string, string>> = {
  'config/csv.ts readCsv': 'test/property/csv.property.test.ts',
  'features/commands/bulk/result-csv.ts csvLine': 'test/property/csv.property.test.ts',
  'features/federation/subgraph-sdl.ts DIRECTIVES': 'scripts/relay-sdl.ts',
  'features/graphiql/browser/request.ts RequestParts': 'test/features/graphiql/graphiql-script.test.ts',
  'features/graphiql/tabs.ts TabSubject': 'test/features/graphiql/graphiql.test.ts',
  'features/redis/account-writes.ts READ_WRITES': 'test/simulation/twins.ts',
  'features/redis/shared-cache.ts FILL': 'test/simulation/twins.ts',
  'features/redis/shared-cache.ts LOOK_UP': 'test/simulation/twins.ts',
  'features/redis/shared-values.ts LOOK': 'test/simulation/twins.ts',
  'features/redis/shared-values.ts STORE': 'test/simulation/twins.ts',
  'features/sandbox/faults.ts ProxyAnswer': 'test/transport/proxy-answers.test.ts',
  'features/sandbox/faults.ts SANDBOX_RAY': 'test/transport/proxy-answers.test.ts',
  'luaauth/sessions.ts decodeSessions': 'test/transport/decoders.test.ts',
  'server/listen.ts ServerOptions': 'test/support/gateways/gateway.ts',
  'server/log-output.ts createLogOutput': 'test/observability/log-output.test.ts',
  'state/arrivals.ts LONGEST_WAY_MS': 'test/simulation/api.ts',
  // The compiler writes these names into the declarations of other files.
  'luaauth/decoders.ts DecodedKinds': 'src/luaauth/decoders.ts',
  'luaauth/sessions.ts SessionRange': 'src/luaauth/sessions.ts',
};

const sources = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((file) => /(?<!\.d)\.tsx?$/.test(file))
  .map((file) => ({ file, text: textOf(`src/${file}`) }));

it('every export is imported by another file in src/, or the table says which file needs it', () => {
  const imported = new Set(sources.flatMap(importedBy));
  const unused = sources
    .filter(({ file }) => !ENTRIES.includes(file) && !imported.has(`${file} *`))
    .flatMap(({ file, text }) =>
      [
        ...text.matchAll(
          /^export (?:abstract |async )*(?:const|let|function\*?|class|interface|type) (\w+)/gm,
        ),
      ]
        .map(([, name]) => `${file} ${name}`)
        .filter((name) => !imported.has(name)),
    );
  expect(unused.sort()).toEqual(Object.keys(NEEDED_BY).sort());
});

it.each(Object.entries(NEEDED_BY))('%s is needed by %s', (name, user) => {
  expect(textOf(user)).toMatch(new RegExp(`\\b${name.split(' ')[1]}\\b`));
});

/** Each name that a file imports, or exports again, as "file name"; "file *" stands for all names of a file. */
function importedBy({ file, text }: (typeof sources)[number]): string[] {
  const statements = text.matchAll(/^(?:import|export)\b(?: type)?\s*(\{[^}]*\}|\*)[^'";]*'(\.[^']+)'/gm);
  const dynamic = [...text.matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, path]) => ['', '*', path]);
  return [...statements, ...dynamic].flatMap(([, names = '', path = '']) =>
    (names.match(/\*|\w+/g) ?? []).map((name) => `${posix.join(posix.dirname(file), path)} ${name}`),
  );
}

function textOf(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8');
}
