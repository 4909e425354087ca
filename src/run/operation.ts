import type { Config } from '../config.ts';
import { type Operation, openOperation } from '../operation/open.ts';
import { version } from '../version.ts';

/** Opens log, metrics and traces as they are configured. @throws StartError */
export function openConfigured(config: Config): Promise<Operation> {
  return openOperation({ ...config, version, secrets: secretsOf(config) });
}

/** What must not be shown anywhere. */
function secretsOf({ credentials: { heldKey, gatewayKeys = [] }, metrics }: Config): string[] {
  return [heldKey, metrics?.key, ...gatewayKeys].filter((key) => key !== undefined);
}
