import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve } from 'vitepress';

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the site as built on a free port of this machine. */
export async function serveSite(): Promise<Site> {
  const { server } = (await serve({
    root: fileURLToPath(new URL('../../', import.meta.url)),
    port: 0,
  })) as unknown as { readonly server: Server };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
