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
  },
};

export default config;
