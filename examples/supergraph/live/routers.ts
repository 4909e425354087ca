import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Transport = 'server-sent events' | 'websocket';

/** Where a router finds things, and where it is to listen. */
export interface Places {
  readonly luaauth: string;
  readonly shop: string;
  readonly port: number;
  /** The file with the supergraph, with these addresses in it. */
  readonly supergraph: string;
}

/** A router that npm has. */
export interface Router {
  readonly name: string;
  readonly npmPackage: string;
  readonly version: string;
  /** The file of the package that runs, and its arguments; in the router's own folder. */
  readonly command: (places: Places, transport: Transport) => readonly [string, ...string[]];
}

export const folderOf = ({ name }: Pick<Router, 'name'>) =>
  fileURLToPath(new URL(`../${name}/`, import.meta.url));

export const routers: readonly Router[] = [
  {
    name: 'hive-gateway',
    npmPackage: '@graphql-hive/gateway',
    version: '2.15.1',
    command: ({ supergraph, port }, transport) => [
      process.execPath,
      'node_modules/@graphql-hive/gateway/dist/bin.js',
      'supergraph',
      supergraph,
      '--config-path',
      transport === 'websocket' ? 'websocket.config.ts' : 'gateway.config.ts',
      '--port',
      String(port),
    ],
  },
  {
    name: 'grafbase',
    npmPackage: '@grafbase/cli-x86_64-unknown-linux-musl',
    version: '0.103.0',
    command: (places, transport) => [
      'node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase',
      '--home',
      '../dist',
      'dev',
      '--config',
      writeGrafbaseConfig(places, transport),
      '--listen-address',
      `127.0.0.1:${places.port}`,
    ],
  },
];

/** The same configuration with other addresses. It goes to `dist/`, from where its relative paths lead to the same files. */
function writeGrafbaseConfig({ luaauth, shop }: Places, transport: Transport): string {
  const written = readFileSync(new URL('../grafbase/grafbase.toml', import.meta.url), 'utf8');
  const config = (transport === 'websocket' ? written.replace('# websocket_url', 'websocket_url') : written)
    .replaceAll('//127.0.0.1:4000/graphql', luaauth.replace('http:', ''))
    .replaceAll('//127.0.0.1:4002/graphql', shop.replace('http:', ''));
  const file = new URL('../dist/grafbase.toml', import.meta.url);
  writeFileSync(file, config);
  return fileURLToPath(file);
}
