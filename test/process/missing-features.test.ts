import { expect, it } from 'vitest';
import * as features from '../../src/features/process-features.ts';
import { loadFeatures } from '../../src/server/features.ts';
import { configOf, useFolder } from '../support/gateways/configured.ts';

const folder = useFolder();

const OTHER_KEYS = { LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS: 'key-of-another-caller' };

/** The variables of a feature; the last one is named when the feature is gone. */
const VARIABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  agents: { ...OTHER_KEYS, PERSISTED_DOCUMENTS_FILE: 'documents.json', MCP: 'true' },
  audit: { AUDIT_LOG_FILE: 'audit.log' },
  dashboard: { DASHBOARD: 'true' },
  jwt: {
    ...OTHER_KEYS,
    GATEWAY_JWT_ISSUER: 'issuer',
    GATEWAY_JWT_AUDIENCE: 'audience',
    GATEWAY_JWKS_URL: 'http://127.0.0.1:9/keys',
  },
  metrics: { METRICS_PORT: '0' },
  online: { ...OTHER_KEYS, METRICS_SCRIPTS: 'script-1' },
  persisted: { PERSISTED_DOCUMENTS_FILE: 'documents.json', PERSISTED_DOCUMENTS: 'only' },
  redis: { REDIS_URL: 'redis://127.0.0.1:9' },
  tracing: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
};

it.each(Object.entries(VARIABLES))(
  'a build without %s says so when it is configured',
  async (feature, given) => {
    const documents = folder.write('documents.json', '{"name":"{ __typename }"}');
    const variables = Object.entries({ LUAAUTH_API_URL: 'http://127.0.0.1:9', ...given });
    const config = configOf(
      Object.fromEntries(
        variables.map(([name, value]) => [name, value === 'documents.json' ? documents : value]),
      ),
    );
    const others = { ...features, gateway: async () => ({}), [feature]: undefined };
    const name = Object.keys(given).at(-1);
    await expect(loadFeatures(config, others)).rejects.toThrow(
      `${name} needs the feature ${feature}, which is not installed in this build. Leave ${name} out.`,
    );
  },
);
