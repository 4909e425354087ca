import { expect, it } from 'vitest';
import { createLiveApi } from '../support/api/live-api.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { POLL_MS, useLive } from '../support/gateways/live-fixture.ts';
import { eventually } from '../support/vitest/waiting.ts';

const live = useLive();
const MANY = 40;
const FIELDS = Array.from({ length: 300 }, (_one, index) => `f${index}: id`).join(' ');

/** A subscription whose key is its script's id. */
async function subscribe(id: string, fields: string) {
  const client = await openRaw(live.gateway.url);
  const query = `subscription { scriptSessions(scriptId: "${id}") { __typename
    ... on SessionsSnapshot { sessions { id } } ... on SessionsChange { appeared { ${fields} } } } }`;
  client.socket.write(postText(JSON.stringify({ query }), { token: id, accept: 'text/event-stream' }));
  await client.until('"SessionsSnapshot"');
  return client;
}

it('tells the event of a client before most of the events of another client, which come first', async () => {
  const api = createLiveApi();
  let answerLight = () => {};
  const heavyIsAnswered = new Promise<void>((resolve) => {
    answerLight = resolve;
  });
  let isChanged = false;
  live.respond = async (recorded, response) => {
    if (isChanged && recorded.line.includes('light')) await heavyIsAnswered;
    if (isChanged && recorded.line.includes('heavy')) response.once('finish', answerLight);
    api.respond(recorded, response);
  };
  api.connect('heavy', 'a');
  api.connect('light', 'a');
  const heavy = await Promise.all(Array.from({ length: MANY }, () => subscribe('heavy', FIELDS)));
  const light = await subscribe('light', 'id');
  const told = () => heavy.filter(({ received }) => received().includes('"SessionsChange"')).length;
  let toldBefore = MANY;
  light.socket.on('data', () => {
    if (light.received().includes('"SessionsChange"')) toldBefore = Math.min(toldBefore, told());
  });
  isChanged = true;
  api.connect('heavy', ...Array.from({ length: 80 }, (_one, index) => `h${index}`));
  api.connect('light', 'b');
  await live.clock.advance(POLL_MS);
  await eventually(() => expect(told()).toBe(MANY));
  await light.until('"SessionsChange"');
  expect(toldBefore).toBeLessThan(MANY / 2);
  for (const { socket } of [...heavy, light]) socket.destroy();
});
