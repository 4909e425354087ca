/** Yoga, Pothos and dataloader as their documentation puts them together, with undici for the REST calls. */
import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import DataloaderPlugin from '@pothos/plugin-dataloader';
import { createYoga } from 'graphql-yoga';
import { host, port } from './environment.ts';
import { getScript, getSessions, type WireSession } from './upstream.ts';

interface Context {
  readonly token: string;
}

const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: { ID: { Input: string; Output: string | number } };
}>({ defaultFieldNullability: false, plugins: [DataloaderPlugin] });

const Script = builder.loadableObject('Script', {
  load: (ids: string[], { token }: Context) => Promise.all(ids.map((id) => getScript(id, token))),
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    enabled: t.exposeBoolean('enabled'),
    totalExecutions: t.exposeInt('total_executions'),
  }),
});

const Session = builder.objectRef<WireSession>('Session').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    robloxId: t.exposeID('roblox_id'),
    script: t.field({ type: Script, resolve: ({ script_id }) => script_id }),
  }),
});

const SessionConnection = builder.objectRef<{ nodes: WireSession[] }>('SessionConnection').implement({
  fields: (t) => ({ nodes: t.expose('nodes', { type: [Session] }) }),
});

builder.objectField(Script, 'sessions', (t) =>
  t.field({
    type: SessionConnection,
    args: { first: t.arg.int({ defaultValue: 50 }) },
    resolve: async ({ id }, { first }, { token }) => ({ nodes: await getSessions(id, first ?? 50, token) }),
  }),
);

builder.queryType({
  fields: (t) => ({
    script: t.field({
      type: Script,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }) => String(id),
    }),
  }),
});

const yoga = createYoga({
  schema: builder.toSchema(),
  context: ({ request }): Context => ({ token: request.headers.get('token') ?? '' }),
  logging: false,
  graphiql: false,
});
createServer(yoga).listen(port, host);
