import { graphqlSync } from 'graphql';
import { createSchema } from '../src/features/schema.ts';
import { configurationSection } from './configuration-section.ts';
import { envExample } from './env-example.ts';
import { withGenerated } from './generated-section.ts';
import { introspectionTypes } from './introspection-types.ts';
import { possibleTypesModule } from './possible-types.ts';
import { relaySdl } from './relay-sdl.ts';
import { executeExamples } from './schema-examples.ts';
import { schemaSection } from './schema-section.ts';
import { readOnlyTable, refusalsTable, scopesTable } from './schema-tables.ts';

/** The text of each file that is generated from the schema or the variables, by its path. */
export async function generatedFiles(): Promise<Readonly<Record<string, string>>> {
  const schema = createSchema();
  const service = graphqlSync({ schema, source: '{ _service { sdl } }' }).data as {
    _service: { sdl: string };
  };
  const subgraph = service._service.sdl;
  const possibleTypes = possibleTypesModule(schema);
  return {
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
}
