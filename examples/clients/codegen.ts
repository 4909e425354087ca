import type { CodegenConfig } from '@graphql-codegen/cli';

const scalars = { DateTime: 'string', SafeInt: 'number', JSON: 'unknown', ID: 'string' };
const config = { useTypeImports: true, enumsAsTypes: true, scalars };

const codegen: CodegenConfig = {
  schema: '../../schema/schema.graphql',
  emitLegacyCommonJSImports: false,
  importExtension: '.ts',
  generates: {
    // Documents as objects, for the clients that look into them.
    'src/gql/': {
      documents: ['src/apollo.ts', 'src/urql.ts', 'src/live/*.ts'],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config,
    },
    // Documents as text, with the list that goes into PERSISTED_DOCUMENTS_FILE.
    'src/typed/gql/': {
      documents: ['src/typed/*.ts'],
      preset: 'client',
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: { ...config, documentMode: 'string' },
    },
  },
};

export default codegen;
