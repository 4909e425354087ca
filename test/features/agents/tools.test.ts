import { describe, expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { auditLine } from '../../../src/observability/facts.ts';
import type { RequestObserver } from '../../../src/observability/request-record.ts';
import { connectAgent, EXAMPLE, forAgents } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';

const keyRing = ringOf([{ name: 'bot' }, { name: 'slow', rate: 1 }]);
const audit: object[] = [];
const ended: object[] = [];
const observer: RequestObserver = {
  wrote: (record, write) => void audit.push(auditLine(record, write)),
  ended: ({ operation, caller, codes }) => void ended.push({ ...operation, caller, codes }),
};
const fixture = useSandbox({
  gateway: {
    credentials: { heldKey: 'sandbox-key', keyRing },
    observers: [observer],
    ...forAgents(
      new Map([...EXAMPLE, ['more', 'query scriptsOf($ids: [ID!]!) { scripts(ids: $ids) { name } }']]),
    ),
  },
});

type Mode = Parameters<typeof connectAgent>[2];
const connect = (key = 'bot', mode?: Mode) => connectAgent(fixture.gateway.url, key, mode);
const ask = async (name: string, args: Record<string, unknown>, key?: string) =>
  (await connect(key)).callTool({ name, arguments: args });
const textOf = ({ content }: { content: unknown }) => (content as { text: string }[])[0]?.text;
const { userKey, scriptId } = seeded;

describe.each<[string, Mode]>([
  ['of 2026', { pin: '2026-07-28' }],
  ['of 2025', 'legacy'],
])('a client %s', (_name, mode) => {
  it('is told of the registered documents in a fixed order, and calls them', async () => {
    const client = await connect('bot', mode);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([...EXAMPLE.keys(), 'scriptsOf'].sort());
    const { structuredContent, isError } = await client.callTool({
      name: 'lookUpKey',
      arguments: { key: userKey },
    });
    expect(isError).toBeUndefined();
    expect(structuredContent).toMatchObject({
      data: { user: { key: userKey, note: 'reseller' } },
      extensions: { upstream: { calls: 1, queuedMs: 0 } },
    });
    expect(fixture.lines()).toHaveLength(1);
  });
});

describe('a tool', () => {
  it('has the description and the arguments of its operation', async () => {
    const { tools } = await (await connect()).listTools();
    const tool = (name: string) => tools.find((one) => one.name === name);
    expect(tool('whoIsOn')).toMatchObject({
      description: expect.stringMatching(/^Lists who is connected /),
      inputSchema: {
        properties: {
          scriptId: { type: 'string', description: 'The script.', pattern: expect.any(String) },
          first: { type: ['integer', 'null'], minimum: 0, maximum: 100, default: 20 },
          plan: { type: 'boolean' },
        },
        required: ['scriptId'],
        additionalProperties: false,
      },
    });
  });

  it('says truly what it does', async () => {
    const { tools } = await (await connect()).listTools();
    const hints = Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations]));
    expect(hints.lookUpKey).toMatchObject({ readOnlyHint: true });
    expect(hints.blacklistUser).toMatchObject({
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: true,
    });
    expect(hints.unblacklistUser).toMatchObject({ destructiveHint: false, idempotentHint: true });
    expect(hints.disconnectSession).toMatchObject({ destructiveHint: true, idempotentHint: true });
  });

  it('tells with plan: true what it would cost, and sends nothing', async () => {
    const { structuredContent } = await ask('whyKeyCannotRun', { key: userKey, scriptId, plan: true });
    expect(structuredContent).toMatchObject({
      data: null,
      extensions: { upstream: { calls: 2, queuedMs: 0 } },
    });
    expect(fixture.lines()).toEqual([]);
    await ask('whyKeyCannotRun', { key: userKey, scriptId });
    expect(fixture.lines()).toHaveLength(2);
  });

  it('counts in a plan the rate of the caller', async () => {
    const { structuredContent } = await ask(
      'whyKeyCannotRun',
      { key: userKey, scriptId, plan: true },
      'slow',
    );
    expect(structuredContent).toMatchObject({ extensions: { upstream: { calls: 2, queuedMs: 1_000 } } });
  });

  it('names each wrong argument', async () => {
    const unknown = await ask('lookUpKey', { kez: 'a', key: userKey, other: 1 });
    expect(unknown.isError).toBe(true);
    expect(textOf(unknown)).toMatch(/kez: there is no such argument.*\n.*other: there is no such argument/);
    const missing = await ask('whyKeyCannotRun', {});
    expect(textOf(missing)).toMatch(/\$key: it is missing.*\n.*\$scriptId: it is missing/);
    expect(textOf(await ask('lookUpKey', { key: userKey, plan: 'yes' }))).toMatch(
      /plan: it is not a boolean/,
    );
    expect(fixture.lines()).toEqual([]);
  });

  it('is written down with the name of the client', async () => {
    audit.length = 0;
    ended.length = 0;
    await ask('blacklistUser', { key: seeded.endlessUserKey, reason: 'shared' });
    expect(audit).toMatchObject([
      { caller: 'bot', clientName: 'mcp/support-bot', clientVersion: '1.2.3', mutation: 'blacklistUser' },
    ]);
    expect(ended).toContainEqual({ name: 'blacklistUser', type: 'mutation', caller: 'bot', codes: [] });
  });

  it('is written down as unknown if an older client gives its name only when it connects', async () => {
    const client = await connectAgent(fixture.gateway.url, 'bot', 'legacy', 'older-bot');
    audit.length = 0;
    await client.callTool({
      name: 'blacklistUser',
      arguments: { key: seeded.endlessUserKey, reason: 'shared' },
    });
    await client.close();
    expect(audit).toMatchObject([{ clientName: 'mcp/unknown' }]);
  });
});
