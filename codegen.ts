import type { CodegenConfig } from '@graphql-codegen/cli';
import { graphqlSync } from 'graphql';
import { clientSchema } from './scripts/client-schema.ts';
import { createSchema } from './src/schema/index.ts';

const schema = createSchema();
const service = graphqlSync({ schema, source: '{ _service { sdl } }' }).data as { _service: { sdl: string } };

const config: CodegenConfig = {
  schema: clientSchema(schema),
  documents: ['test/**/*.ts', '!test/gql/**'],
  emitLegacyCommonJSImports: false,
  importExtension: '.ts',
  generates: {
    'schema/schema.graphql': { plugins: ['schema-ast'], config: { includeDirectives: true } },
    // What the gateway tells a federation router: no plugin prints it, so it is given as it is.
    'schema/subgraph.graphql': {
      preset: {
        buildGeneratesSection: ({ baseOutputDir, ...options }) => [
          {
            ...options,
            filename: baseOutputDir,
            plugins: [{ sdl: {} }],
            pluginMap: { sdl: { plugin: () => service._service.sdl } },
          },
        ],
      },
    },
    'test/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { DateTime: 'string', SafeInt: 'number', ID: 'string' },
      },
    },
  },
};

export default config;
