import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcessOptions } from './process.ts';
import { tailcallConfiguration } from './subjects/tailcall.ts';
import { createFolder } from './temporary.ts';

export interface Subject {
  readonly name: string;
  /** Where its answers cannot be what they should be, and what they are instead. */
  readonly deviation?: Deviation;
  /** The process that serves `POST /graphql` on `port`. */
  command(upstreamUrl: string, port: number): Pick<ProcessOptions, 'command' | 'args' | 'env'>;
}

export interface Deviation {
  readonly note: string;
  readonly instead: (rightAnswer: object) => object;
}

/** As `npm start` sets it. The same for each subject in Node, so that no difference comes from it. */
const IN_NODE = { NODE_ENV: 'production', NODE_OPTIONS: '--max-semi-space-size=32' };

// Seen from dist.
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const floor = ofOurs('floor: node:http and undici, no GraphQL', 'floor');

/** The built product with its protections at their defaults; what the other subjects do not have either is off. */
export const gateway = ofTheGateway('this gateway', {});

/** Its reads are answered from the cache once they are in it, for longer than any run takes. */
export const fromCache = ofTheGateway('this gateway, from the cache', {
  FRESH_MS: '3600000',
  STALE_MS: '3600000',
});

const tailcall: Subject = {
  name: 'Tailcall 1.6.14',
  deviation: {
    note: 'it cannot convert a number of the REST API to the string that an ID needs, so its robloxId is a number',
    instead: (answer) =>
      JSON.parse(JSON.stringify(answer), (key, value) => (key === 'robloxId' ? Number(value) : value)),
  },
  command(upstreamUrl, port) {
    const config = join(createFolder(), 'main.graphql');
    writeFileSync(config, tailcallConfiguration(upstreamUrl, port));
    return {
      command: file('../node_modules/@tailcallhq/core-linux-x64-gnu/bin/tailcall'),
      args: ['start', config],
      // It would report to its makers and look for a newer version; a proxy that is not there keeps it from that.
      env: { TAILCALL_TRACKER: 'false', TAILCALL_LOG_LEVEL: 'error', HTTPS_PROXY: 'http://127.0.0.1:1' },
    };
  },
};

export const peers: readonly Subject[] = [
  tailcall,
  ofOurs('Mercurius 16, JIT on', 'mercurius'),
  ofOurs('Yoga, Pothos and dataloader, plain', 'yoga'),
  ofOurs('Apollo Server 5 with datasource-rest', 'apollo'),
];

/** The built product with its defaults but for what is given, and for what is off here: quota, cache, page, log. */
function ofTheGateway(name: string, variables: Readonly<Record<string, string>>): Subject {
  return {
    name,
    command: (upstreamUrl, port) => ({
      command: process.execPath,
      args: [file('../../../dist/main.js')],
      env: {
        ...IN_NODE,
        PORT: String(port),
        LUAAUTH_API_URL: upstreamUrl,
        LUAAUTH_RATE: '0',
        FRESH_MS: '0',
        STALE_MS: '0',
        GRAPHIQL: 'false',
        LOG_LEVEL: 'warn',
        ...variables,
      },
    }),
  };
}

function ofOurs(name: string, module: string): Subject {
  return {
    name,
    command: (upstreamUrl, port) => ({
      command: process.execPath,
      args: [file(`./subjects/${module}.js`)],
      env: { ...IN_NODE, PORT: String(port), UPSTREAM_URL: upstreamUrl },
    }),
  };
}
