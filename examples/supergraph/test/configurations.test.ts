import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';

const textOf = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const read = (path: string) => parse(textOf(path));

test('every router sends both headers to the gateway, and no header to the shop', () => {
  const apollo = read('../apollo-router/router.yaml').headers;
  const cosmo = read('../cosmo/config.yaml').headers;
  assert.deepEqual(apollo, {
    subgraphs: {
      luaauth: { request: [{ propagate: { named: 'token' } }, { propagate: { named: 'authorization' } }] },
    },
  });
  assert.deepEqual(cosmo, {
    subgraphs: {
      luaauth: {
        request: [
          { op: 'propagate', named: 'Token' },
          { op: 'propagate', named: 'Authorization' },
        ],
      },
    },
  });
  const grafbase = textOf('../grafbase/grafbase.toml').matchAll(
    /^\[\[(.+)\.headers\]\]\nrule = "(.+)"\nname = "(.+)"$/gm,
  );
  assert.deepEqual(
    [...grafbase].map(([, ...rule]) => rule),
    [
      ['subgraphs.luaauth', 'forward', 'token'],
      ['subgraphs.luaauth', 'forward', 'authorization'],
    ],
  );
});

test('subscriptions go to the gateway alone: by its WebSocket, or by POST', () => {
  assert.deepEqual(read('../apollo-router/router.yaml').subscription, {
    enabled: true,
    mode: { passthrough: { subgraphs: { luaauth: { path: '/graphql', protocol: 'graphql_ws' } } } },
  });
  const { subgraphs } = read('../cosmo/graph.yaml') as {
    subgraphs: { name: string; subscription?: unknown }[];
  };
  assert.deepEqual(
    subgraphs.map(({ name, subscription }) => [name, subscription]),
    [
      ['luaauth', { protocol: 'sse_post' }],
      ['shop', undefined],
    ],
  );
});

test('Cosmo composes the same subgraphs at the same addresses', () => {
  type Given = { routing_url: string; schema: { file: string } };
  const withFile = (base: string, { routing_url: url, schema }: Given) => ({
    url,
    sdl: readFileSync(new URL(schema.file, new URL(base, import.meta.url)), 'utf8'),
  });
  const { subgraphs } = read('../../../schema/supergraph.yaml') as { subgraphs: Record<string, Given> };
  const cosmo = read('../cosmo/graph.yaml') as { subgraphs: (Given & { name: string })[] };
  assert.deepEqual(
    cosmo.subgraphs.map((subgraph) => [subgraph.name, withFile('../cosmo/graph.yaml', subgraph)]),
    Object.entries(subgraphs).map(([name, subgraph]) => [
      name,
      withFile('../../../schema/supergraph.yaml', subgraph),
    ]),
  );
});
