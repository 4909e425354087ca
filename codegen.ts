import type { CodegenConfig } from '@graphql-codegen/cli';
import { printSchema } from 'graphql';
import { createSchema } from './src/features/schema.ts';

/** In TypeScript: what a JSON parser makes of the scalars. */
const scalars = { DateTime: 'string', SafeInt: 'number', JSON: 'unknown', ID: 'string' };
const typescript = { useTypeImports: true, enumsAsTypes: true, scalars };

const config: CodegenConfig = {
  schema: printSchema(createSchema()),
  emitLegacyCommonJSImports: false,
  importExtension: '.ts',
  generates: {
    'schema/schema.graphql': { plugins: ['schema-ast'], config: { includeDirectives: true } },
    'schema/types.d.ts': { plugins: ['typescript'], config: typescript },
    'test/generated/': {
      // The folders of the tests that import generated types: to parse all files takes 8 s.
      documents: [
        'test/{callers,operation,schema,transport}/*.ts',
        'test/support/clients/*.ts',
        'test/features/redis/*.redis.test.ts',
      ],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: typescript,
    },
  },
};

export default config;
