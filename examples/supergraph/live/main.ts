import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { compose, writeSupergraph } from '../compose.ts';
import { startGateway } from '../gateway-process.ts';
import { listen } from '../listen.ts';
import { createShop } from '../shop/shop.ts';
import { readSubgraphs } from '../subgraphs.ts';
import { check } from './check.ts';
import { observe } from './observer.ts';
import { install, startRouter } from './router-process.ts';
import { type Router, routers, type Transport } from './routers.ts';

const TRANSPORTS: readonly Transport[] = ['server-sent events', 'websocket'];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !routers.some((router) => router.name === name));
if (unknown.length > 0) {
  console.error(
    `No router ${unknown.join(', ')}. Give ${routers.map(({ name }) => name).join(' or ')}, or none for all.`,
  );
  process.exit(2);
}
const chosen = routers.filter(({ name }) => names.length === 0 || names.includes(name));
for (const router of chosen) install(router);

// Leaves in the way in which what it has started leaves with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const shopSaw: IncomingHttpHeaders[] = [];
const shopListener = createShop();
const shop = await listen((request, response) => {
  shopSaw.push(request.headers);
  void shopListener(request, response);
});
// Without an address of LuaAuth the gateway runs its sandbox, where guests come and go.
const gateway = await startGateway({ PORT: '0' });
const luaauth = await observe(gateway.url);

writeSupergraph();
const supergraph = writeSupergraphAt({ luaauth: luaauth.url, shop: shop.url });

let failed = 0;
for (const router of chosen) {
  for (const transport of TRANSPORTS) {
    console.log(`\n${router.name} ${router.version}, to luaauth by ${transport}`);
    try {
      await run(router, transport);
      console.log('  works');
    } catch (error) {
      failed += 1;
      console.log(`  fails: ${error instanceof Error ? error.message : error}`);
    }
  }
}
luaauth.stop();
await Promise.all([shop.stop(), gateway.stop()]);
process.exitCode = failed > 0 ? 1 : 0;

async function run(router: Router, transport: Transport): Promise<void> {
  luaauth.take();
  shopSaw.length = 0;
  const port = await freePort();
  const running = await startRouter(
    router,
    { luaauth: luaauth.url, shop: shop.url, port, supergraph },
    transport,
  );
  try {
    await check(running.url, (line) => console.log(`  ${line}`));
  } finally {
    await running.stop();
  }
  const arrivals = luaauth.take();
  const others = arrivals.filter((arrival) => arrival.transport !== transport);
  if (arrivals.length === 0 || others.length > 0)
    throw new Error(`luaauth was asked otherwise: ${JSON.stringify(arrivals)}`);
  if (arrivals.some(({ url }) => url.includes('?'))) throw new Error('The operation is in a URL.');
  console.log(`  luaauth: ${arrivals.map(({ method, transport: by }) => `${method} by ${by}`).join(', ')}`);
  if (shopSaw.length === 0) throw new Error('The shop was not asked.');
  if (/sandbox-key|another-key/.test(JSON.stringify(shopSaw))) throw new Error('The shop was sent a key.');
  console.log(`  shop: ${shopSaw.length} requests, none with a key`);
}

/** The supergraph with these addresses, for routers that take them from there. */
function writeSupergraphAt(urls: Record<string, string>): string {
  const subgraphs = readSubgraphs().map((subgraph) => ({
    ...subgraph,
    url: urls[subgraph.name] ?? subgraph.url,
  }));
  const folder = new URL('../dist/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL('live.graphql', folder);
  writeFileSync(file, compose(subgraphs));
  return fileURLToPath(file);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
