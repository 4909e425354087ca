import { readdirSync } from 'node:fs';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { openAgents } from '../../../src/features/agents/open-agents.ts';
import { textOf } from '../repository/repository.ts';

const FOLDER = 'examples/agents/documents';

/** The documents of the example, by the names of their files. */
export const EXAMPLE: ReadonlyMap<string, string> = new Map(
  readdirSync(new URL(`../../../${FOLDER}`, import.meta.url)).map((file) => [
    file.replace(/\.graphql$/, ''),
    textOf(`${FOLDER}/${file}`),
  ]),
);

/** The options of a gateway for agents. */
export const forAgents = (listed = EXAMPLE, isArbitrary = false) => ({
  openAgents: openAgents({ listed, isArbitrary }),
  persisted: { mode: 'allowed', listed } as const,
});

/** Connects the protocol's own client to a gateway. */
export async function connectAgent(
  url: string,
  key: string,
  mode: 'legacy' | { readonly pin: string } = { pin: '2026-07-28' },
  name = 'support-bot',
): Promise<Client> {
  const client = new Client({ name, version: '1.2.3' }, { versionNegotiation: { mode } });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit }));
  return client;
}

/** Sends a message past the protocol's client, which checks what it sends and keeps what it was told. */
export const sendMessage = (url: string, key: string, method: string, params: object = {}) =>
  sendText(url, key, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));

/** The same of any text. */
export async function sendText(url: string, key: string, body: string) {
  const response = await fetch(new URL('/mcp', url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${key}`,
    },
    body,
  });
  const text = await response.text();
  // Not by a regular expression, for which U+2028 ends a line.
  const line = text.split('\n').find((one) => one.startsWith('data: '));
  const message: Message = JSON.parse(line?.slice('data: '.length) ?? text);
  return { status: response.status, ...message };
}

interface Message {
  readonly error?: { readonly code: number; readonly message: string };
  readonly result?: {
    readonly tools?: readonly {
      readonly name: string;
      readonly description: string;
    }[];
    readonly isError?: boolean;
    readonly content?: readonly { readonly text: string }[];
    readonly structuredContent?: {
      readonly data?: unknown;
      readonly errors?: readonly {
        readonly path?: readonly unknown[];
        readonly extensions: { readonly code: string };
      }[];
    };
  };
}
