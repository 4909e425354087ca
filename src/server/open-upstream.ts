import type { Config } from '../config/config.ts';
import type { Sandbox } from '../sandbox/server.ts';
import type { State } from '../state/port.ts';
import type { Observer } from '../transport/observer.ts';
import { createTransport, type Transport } from '../transport/transport.ts';
import { version } from '../version.ts';
import { openSandbox } from './open-sandbox.ts';

/** The way to the REST API, or to the sandbox where no API is configured. */
export interface Upstream {
  readonly transport: Transport;
  close(): Promise<void>;
}

export async function openUpstream(
  config: Config,
  observer: Observer,
  state: State | undefined,
): Promise<Upstream> {
  const sandbox = config.apiUrl ? undefined : await openSandbox();
  const transport = createTransport({
    url: config.apiUrl ?? new URL((sandbox as Sandbox).url),
    userAgent: `luaauth-graphql/${version}`,
    rate: config.rate,
    totalRate: config.totalRate,
    freshMs: config.freshMs,
    staleMs: config.staleMs,
    observer,
    state,
  });
  return {
    transport,
    async close() {
      await transport.close();
      await state?.close?.();
      await sandbox?.close();
    },
  };
}
