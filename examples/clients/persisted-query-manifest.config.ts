import type { PersistedQueryManifestConfig } from '@apollo/generate-persisted-query-manifest';

const config: PersistedQueryManifestConfig = {
  documents: 'src/apollo.ts',
  output: 'manifests/apollo.json',
};

export default config;
