import { once } from 'node:events';
import { expect, it } from 'vitest';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { json } from '../../support/api/recorder.ts';
import { connectAgent, forAgents } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { useOpened } from '../../support/gateways/fixture.ts';

const { open, record } = useOpened();
const credentials = { heldKey: 'held', keyRing: ringOf([{ name: 'bot' }, { name: 'slow', rate: 1 }]) };
const LONG = { read: 20_000, write: 20_000 };
const agents = forAgents(
  new Map([
    ['one', 'query one($id: ID!) { script(id: $id) { name } }'],
    ['write', 'mutation write($id: ID!) { deleteScript(input: { id: $id }) { __typename } }'],
  ]),
);

it('a client that asks for it is told that a call goes on', async () => {
  const clock = createManualClock();
  const answer = new EventTarget();
  const recorder = await record(async (_recorded, response) => {
    answer.dispatchEvent(new Event('asked'));
    await once(answer, 'answer');
    json(response, { success: false, code: 0 });
  });
  const { gateway } = await open({
    upstream: recorder.url,
    credentials,
    ...agents,
    transport: { clock },
    timeouts: LONG,
  });
  const client = await connectAgent(gateway.url, 'bot');
  const asked = once(answer, 'asked');
  const told: unknown[] = [];
  const call = client.callTool(
    { name: 'one', arguments: { id: 'a' } },
    {
      onprogress({ progress, message }) {
        told.push([progress, message]);
        if (told.length < 2) void clock.advance(5_000);
        else answer.dispatchEvent(new Event('answer'));
      },
    },
  );
  await asked;
  void clock.advance(5_000);
  expect(await call).toMatchObject({ isError: true });
  expect(told).toEqual([
    [1, 'The call waits for LuaAuth.'],
    [2, 'The call waits for LuaAuth.'],
  ]);
});

it('says of a write that its outcome is unknown', async () => {
  const recorder = await record(({ socket }) => void socket.destroy());
  const { gateway } = await open({ upstream: recorder.url, credentials, ...agents });
  const client = await connectAgent(gateway.url, 'bot');
  const result = await client.callTool({ name: 'write', arguments: { id: 'a' } });
  expect(result).toMatchObject({
    isError: true,
    structuredContent: { errors: [{ extensions: { outcome: 'UNKNOWN' } }] },
    content: [{ text: expect.stringContaining('Whether it was carried out is unknown: look before') }, {}],
  });
});

it('a call over the rate of its caller is refused with when to try again, and sends nothing', async () => {
  const clock = createManualClock();
  const recorder = await record((_recorded, response) => json(response, { success: false, code: 0 }));
  const timeouts = { read: 500, write: 500 };
  const { gateway } = await open({
    upstream: recorder.url,
    credentials,
    ...agents,
    transport: { clock },
    timeouts,
  });
  const client = await connectAgent(gateway.url, 'slow');
  await client.callTool({ name: 'one', arguments: { id: 'a' } });
  expect(await client.callTool({ name: 'one', arguments: { id: 'b' } })).toMatchObject({
    isError: true,
    structuredContent: {
      errors: [{ extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } }],
    },
    content: [{ text: expect.stringMatching(/^RATE_LIMITED: .* Try again in \d+ ms or later\.$/) }, {}],
  });
  expect(recorder.calls).toHaveLength(1);
});

it.each(['legacy', { pin: '2026-07-28' }] as const)(
  'leaves room for other keys while the calls of one key wait for LuaAuth, by protocol %j',
  async (mode) => {
    let arrived = 0;
    let arrivedBefore = 0;
    let answerAll = () => {};
    const answering = new Promise<void>((resolve) => {
      answerAll = resolve;
    });
    const recorder = await record(async (recorded, response) => {
      if (recorded.line.endsWith('/other')) {
        arrivedBefore = arrived;
        answerAll();
      }
      arrived += 1;
      await answering;
      answerPlainly(recorded, response);
    });
    // Memory for 32 operations, of which a client may have half and an eighth.
    const { gateway } = await open({
      upstream: recorder.url,
      credentials,
      ...agents,
      maxBodiesBytes: 256 * 1024,
      transport: { rate: 0 },
      timeouts: LONG,
    });
    const client = await connectAgent(gateway.url, 'bot', mode);
    const call = (id: string, from = client) => from.callTool({ name: 'one', arguments: { id } });
    const other = await connectAgent(gateway.url, 'slow', mode);
    const calls = Array.from({ length: 40 }, (_, index) => call(`${index}`));
    await expect.poll(() => arrived).toBeGreaterThanOrEqual(16);
    const answers = await Promise.all([...calls, call('other', other)]);
    expect(answers.filter(({ isError }) => isError)).toEqual([]);
    expect(arrivedBefore).toBeLessThanOrEqual(20);
    expect(arrived).toBe(41);
  },
);
