import type { IncomingHttpHeaders } from 'node:http';
import { compose } from '../../compose.ts';
import { startGateway } from '../../gateway-process.ts';
import { listen } from '../../listen.ts';
import { createShop } from '../../shop/shop.ts';

process.env.APOLLO_TELEMETRY_DISABLED = 'true';
const { createRouter } = await import('../../router.ts');

/** Everything on free ports: the gateway's process in front of `apiUrl`, the shop, and the router in front of both. */
export async function startStack(apiUrl: string) {
  const shopSaw: IncomingHttpHeaders[] = [];
  const shopListener = createShop();
  const shop = await listen((request, response) => {
    shopSaw.push(request.headers);
    void shopListener(request, response);
  });
  // No copies and no pace: what is asked for is what arrives, and a test does not wait for the quota.
  const gateway = await startGateway({
    PORT: '0',
    LUAAUTH_API_URL: apiUrl,
    LUAAUTH_RATE: '0',
    FRESH_MS: '0',
    STALE_MS: '0',
  });
  const urls = { luaauth: gateway.url, shop: shop.url };
  const router = await listen(await createRouter({ supergraphSdl: compose(), urls }));
  return {
    urls: { ...urls, supergraph: router.url },
    /** The headers of every request that reached the shop. */
    shopSaw,
    stop: async () => {
      await Promise.all([router.stop(), shop.stop(), gateway.stop()]);
    },
  };
}

export type Stack = Awaited<ReturnType<typeof startStack>>;
