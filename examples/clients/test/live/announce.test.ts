import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { announce } from '../../src/live/announce.ts';
import type { OpenStream } from '../../src/live/follow.ts';
import { openByUrql } from '../../src/live/urql.ts';
import { createWebhook } from '../../src/live/webhook.ts';
import { createUrql } from '../../src/urql.ts';
import { startWebhook } from '../support/fake-webhook.ts';
import { sandboxKeys, seeded, useShortStreams } from '../support/fixture.ts';
import { join } from '../support/visitors.ts';

/** The gateway completes a stream after three seconds. */
const fixture = useShortStreams(3_000);
const { idleScriptId: scriptId, placeId } = seeded;
const BOT = fileURLToPath(new URL('../../src/live/bot.ts', import.meta.url));

async function useWebhook(...answers: number[]) {
  const webhook = await startWebhook(...answers);
  onTestFinished(() => webhook.close());
  return webhook;
}

/** Starts the bot as `npm run announce` does, with no other variables than those. */
function startBot(variables: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', BOT], {
    env: { PATH: process.env.PATH, GATEWAY_URL: fixture.url, SCRIPT_ID: scriptId, ...variables },
  });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const printed = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed.text += text;
    });
  return { printed, code: closed.then(([code]) => code as number | null) };
}

/** Waits until the script was polled so many times more, so that all that is there is known. */
async function polls(count: number): Promise<void> {
  const read = () => fixture.lines().filter((line) => line === `POST /scripts/${scriptId}/sessions`).length;
  const before = read();
  await expect.poll(read).toBeGreaterThanOrEqual(before + count);
}

const line = (robloxId: number) => `${robloxId} joined in ${placeId}.`;

describe('the bot', () => {
  it('says once who joins after it has begun, from stream to stream, and nothing of its secrets', async () => {
    const webhook = await useWebhook(429, 503);
    join(fixture.sandbox, scriptId, 201);
    const bot = startBot({ LUAAUTH_TOKEN: sandboxKeys.full, WEBHOOK_URL: webhook.url });
    await polls(3);
    join(fixture.sandbox, scriptId, 202);
    await expect.poll(webhook.lines).toEqual([line(202)]);
    await polls(3);
    join(fixture.sandbox, scriptId, 203);
    await expect.poll(webhook.lines).toEqual([line(202), line(203)]);
    expect(webhook.bodies[0]).toEqual({ content: line(202), allowed_mentions: { parse: [] } });
    expect(bot.printed.text).toMatch(/The webhook answers 429\.\n.*The webhook answers 503\.\n$/);
    expect(bot.printed.text).not.toMatch(/secret-of-the-webhook|127\.0\.0\.1|sandbox-key/);
  });

  it('compares a new snapshot with what was known', async () => {
    const webhook = await useWebhook();
    const open = openByUrql(createUrql(fixture.url, sandboxKeys.full));
    let streams = 0;
    // The gateway knows none of its cursors, as after a restart.
    const openAnew: OpenStream = ({ scriptId }, listener) => {
      streams += 1;
      return open({ scriptId, after: undefined }, listener);
    };
    const refused: unknown[] = [];
    const say = createWebhook(webhook.url, () => undefined);
    join(fixture.sandbox, scriptId, 201);
    onTestFinished(announce(openAnew, scriptId, { say, onRefused: (error) => refused.push(error) }));
    await polls(3);
    const before = streams;
    const leave = join(fixture.sandbox, scriptId, 202);
    await expect.poll(webhook.lines).toEqual([line(202)]);
    leave();
    await expect.poll(() => streams).toBeGreaterThanOrEqual(before + 2);
    join(fixture.sandbox, scriptId, 203);
    await expect.poll(webhook.lines).toEqual([line(202), line(203)]);
    expect(refused).toEqual([]);
  });

  it('ends when the gateway refuses, and says why', async () => {
    const { url } = await useWebhook();
    const { printed, code } = startBot({ LUAAUTH_TOKEN: 'nobody', WEBHOOK_URL: url });
    expect(await code).toBe(1);
    expect(printed.text).toMatch(/LuaAuth refused/);
    expect(printed.text).not.toMatch(/nobody|secret-of-the-webhook/);
  });

  it.each([
    [{ WEBHOOK_URL: 'secret-of-the-webhook', LUAAUTH_TOKEN: 'k' }, /Set WEBHOOK_URL/],
    [{ WEBHOOK_URL: 'http://127.0.0.1:9/secret-of-the-webhook' }, /Set LUAAUTH_TOKEN and SCRIPT_ID/],
  ] as [Record<string, string>, RegExp][])('does not start without what it needs', async (given, said) => {
    const { printed, code } = startBot(given);
    expect(await code).toBe(1);
    expect(printed.text).toMatch(said);
    expect(printed.text).not.toContain('secret-of-the-webhook');
  });
});

describe('a webhook', () => {
  it('is told as many lines at a time as a message can have, and all of them', async () => {
    const webhook = await useWebhook();
    const lines = Array.from({ length: 300 }, (_, index) => line(1_000 + index));
    const say = createWebhook(webhook.url, () => undefined);
    say(lines.slice(0, 100));
    say(lines.slice(100));
    await expect.poll(() => webhook.lines().length).toBe(lines.length);
    expect(webhook.lines()).toEqual(lines);
    const lengths = webhook.bodies.map((body) => (body as { content: string }).content.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(2_000);
    expect(lengths.length).toBeLessThanOrEqual(6);
  });

  it('that refuses a message is said to, and gets the next one all the same', async () => {
    const webhook = await useWebhook(404);
    const log: string[] = [];
    const say = createWebhook(webhook.url, (text) => log.push(text));
    say([line(1)]);
    await expect.poll(() => log).toEqual(['The webhook answers 404.']);
    say([line(2)]);
    await expect.poll(webhook.lines).toEqual([line(2)]);
  });
});
