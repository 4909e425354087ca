import { readdirSync, readFileSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { graphqlSync, printSchema } from 'graphql';
import { relaySdl } from './scripts/relay-sdl.ts';
import { createSchema } from './src/features/schema.ts';

const schema = createSchema();
const service = graphqlSync({ schema, source: '{ _service { sdl } }' }).data as { _service: { sdl: string } };

/** A file of which a function gives the whole text. */
function asGiven(text: () => string): CodegenConfig['generates'][string] {
  return {
    preset: {
      buildGeneratesSection: ({ baseOutputDir, ...options }) => [
        {
          ...options,
          filename: baseOutputDir,
          plugins: [{ text: {} }],
          pluginMap: { text: { plugin: text } },
        },
      ],
    },
  };
}

/** The files of tests that import generated types. To parse all files takes 8 s. */
function filesWithOperations(): string[] {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).map((file) => `test/${file}`);
  const own = files.filter((file) => /^test\/(?!generated\/|.*node_modules\/).*\.ts$/.test(file));
  return own.filter((file) => readFileSync(file, 'utf8').includes('/generated/'));
}

const config: CodegenConfig = {
  schema: printSchema(schema),
  documents: filesWithOperations(),
  emitLegacyCommonJSImports: false,
  importExtension: '.ts',
  generates: {
    'schema/schema.graphql': { plugins: ['schema-ast'], config: { includeDirectives: true } },
    // No plugin prints these, so they are given as they are.
    'schema/subgraph.graphql': asGiven(() => service._service.sdl),
    'schema/relay.graphql': asGiven(() => relaySdl(service._service.sdl)),
    'test/generated/': {
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
