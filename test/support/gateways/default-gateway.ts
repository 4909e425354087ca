import { readConfig } from '../../../src/config/config.ts';
import * as features from '../../../src/features/process-features.ts';
import { loadFeatures } from '../../../src/server/features.ts';
import { openGateway } from '../../../src/server/open-gateway.ts';
import { openObservability } from '../../../src/server/open-observability.ts';
import { openUpstream } from '../../../src/server/open-upstream.ts';

let observability: ReturnType<typeof openObservability> | undefined;

/**
 * The gateway that `npm start` starts, over a sandbox of its own, in this process and without its log. Starting a process takes
 * longer than all requests of most pages.
 */
export async function startDefaultGateway() {
  const read = readConfig({ PORT: '0', LOG_LEVEL: 'silent' });
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  const { config } = read;
  const loaded = await loadFeatures(config, features);
  observability ??= openObservability(config, loaded);
  const { transport, close } = await openUpstream(config, loaded, []);
  const parts = { transport, credentials: config.credentials };
  const { url, drain } = await openGateway(config, await observability, parts, 'http', loaded);
  return {
    url,
    async close() {
      await drain(0);
      await close();
    },
  };
}
