/**
 * Writes the generated files that graphql-codegen has no plugin for: the list of endpoints, `.env.example`, tables of the schema,
 * the SDL for routers and for Relay, the types for gql.tada, the types behind each interface, and sections of the docs. `--check` writes nothing and exits with 1 if a file differs.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { graphqlSync } from 'graphql';
import { createSchema } from '../src/features/schema.ts';
import { configurationSection } from './configuration-section.ts';
import { endpointList } from './endpoint-list.ts';
import { envExample } from './env-example.ts';
import { withGenerated } from './generated-section.ts';
import { introspectionTypes } from './introspection-types.ts';
import { possibleTypesModule } from './possible-types.ts';
import { relaySdl } from './relay-sdl.ts';
import { executeExamples } from './schema-examples.ts';
import { schemaSection } from './schema-section.ts';
import { readOnlyTable, refusalsTable, scopesTable } from './schema-tables.ts';

const schema = createSchema();
const service = graphqlSync({ schema, source: '{ _service { sdl } }' }).data as { _service: { sdl: string } };
const subgraph = service._service.sdl;
const possibleTypes = possibleTypesModule(schema);

const pathOf = (name: string) => new URL(`../${name}`, import.meta.url);

const FILES: Readonly<Record<string, string>> = {
  'src/luaauth/endpoints.ts': endpointList(),
  '.env.example': envExample(),
  'schema/subgraph.graphql': subgraph,
  'schema/relay.graphql': relaySdl(subgraph),
  'schema/introspection.d.ts': introspectionTypes(schema),
  'schema/possible-types.js': possibleTypes.code,
  'schema/possible-types.d.ts': possibleTypes.types,
  'schema/scopes.txt': scopesTable(schema),
  'schema/refusals.txt': refusalsTable(schema),
  'schema/read-only.txt': readOnlyTable(schema, createSchema({ readOnly: true })),
  'docs/configuration.md': withGenerated('docs/configuration.md', configurationSection()),
  'docs/schema.md': withGenerated('docs/schema.md', schemaSection(schema, await executeExamples())),
};

const changed = Object.entries(FILES).filter(
  ([name, text]) => !existsSync(pathOf(name)) || readFileSync(pathOf(name), 'utf8') !== text,
);
if (process.argv.includes('--check')) {
  for (const [name] of changed) console.error(`${name} is not what "npm run codegen" writes.`);
  process.exitCode = changed.length > 0 ? 1 : 0;
} else {
  for (const [name, text] of changed) writeFileSync(pathOf(name), text);
}
