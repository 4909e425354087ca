import { writeSupergraph } from './compose.ts';
import { startGateway } from './gateway-process.ts';
import { listen } from './listen.ts';
import { createShop } from './shop/shop.ts';

// Before the router is loaded: it would look for a cloud to report to.
process.env.APOLLO_TELEMETRY_DISABLED ??= 'true';
const { createRouter } = await import('./router.ts');

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
// Without a handler a signal ends the process at once, and the gateway would be left behind.
const stopAtOnce = () => process.exit(1);
for (const signal of SIGNALS) process.once(signal, stopAtOnce);

const supergraphSdl = writeSupergraph();
// The ports of schema/supergraph.yaml. The gateway comes last, so that a taken port leaves nothing running.
const shop = await listen(createShop(), 4002);
const router = await listen(await createRouter({ supergraphSdl }), 4003);
const gateway = await startGateway({ PORT: '4000', LUAAUTH_API_URL: process.env.LUAAUTH_API_URL ?? '' });

console.log(`Supergraph   ${router.url}
  luaauth    ${gateway.url}
  shop       ${shop.url}

  curl -s ${router.url} -H 'content-type: application/json' -H 'token: sandbox-key' \\
    -d '{"query":"{ script(id: \\"9dlYMuhq9ujYGR1H4gA4d10uUWvoVjtk\\") { name price { cents currency } owner { name } project { displayName } } }"}'`);

for (const signal of SIGNALS) {
  process.off(signal, stopAtOnce);
  process.once(signal, () => void Promise.all([router.stop(), shop.stop(), gateway.stop()]));
}
