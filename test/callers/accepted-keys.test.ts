import { describe, expect, it } from 'vitest';
import type { Credentials } from '../../src/callers/identify.ts';
import type { KeyRing } from '../../src/callers/key-ring.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually } from '../support/vitest/waiting.ts';

const KB = 1024;
const TOTAL = 128 * KB;

const refuse =
  (message: string): Respond =>
  (_recorded, response) =>
    json(response, { success: false, error: { code: 0, message } });

/** Shows whether a key counts as accepted: only then its body has room of its own, beside the one of its address. */
function useBodies(credentials: Credentials = {}) {
  let underWay = 0;
  const observer = { began: () => void underWay++, ended: () => void underWay-- };
  const fixture = useRecorder({
    observers: [observer],
    maxBodiesBytes: TOTAL,
    credentials,
    trustedProxy: 'x-forwarded-for',
  });
  async function openAlmost(bytes: number, address: string, headers: Record<string, string> = {}) {
    const client = await openRaw(fixture.gateway.url);
    const bare = JSON.stringify({ query: '{ __typename }', variables: { source: '' } });
    const body = bare.replace('""', `"${'x'.repeat(bytes - bare.length)}"`);
    const text = postText(body, { ...headers, 'x-forwarded-for': address });
    client.socket.write(text.slice(0, -1));
    await eventually(() => expect(client.socket.writableLength).toBe(0));
    for (let round = 0; round < 2; round++) await fetch(`${fixture.gateway.url}/health`);
    return { ...client, finish: () => client.socket.write(text.slice(-1)) };
  }
  const isAccepted = async (headers: Record<string, string>) => {
    // Half is free for all. Beyond it, a client gets an eighth.
    const half = await openAlmost(TOTAL / 2 - KB, '198.51.100.1');
    const ofAddress = await openAlmost(10 * KB, '203.0.113.1');
    const own = await openAlmost(10 * KB, '203.0.113.1', headers);
    own.finish();
    const answer = await own.until('}');
    for (const { socket } of [half, ofAddress, own]) socket.destroy();
    await eventually(() => expect(underWay).toBe(0));
    return !answer.includes('OVERLOADED');
  };
  const read = (headers: Record<string, string>) => fixture.gateway.execute(SCRIPT, { id: 'a' }, headers);
  return { fixture, isAccepted, read };
}

describe('a key of LuaAuth’s', () => {
  const { fixture, isAccepted, read } = useBodies();
  const KEY = { token: 'key' };

  it('counts as accepted once LuaAuth has answered with it, whatever it answered before', async () => {
    expect(await isAccepted(KEY)).toBe(false);
    fixture.respond = refuse('unauthorized or invalid request');
    await read(KEY);
    expect(await isAccepted(KEY)).toBe(false);
    fixture.respond = answerPlainly;
    await read(KEY);
    expect(await isAccepted(KEY)).toBe(true);
    expect(await isAccepted({ authorization: 'Bearer key' })).toBe(true);
    expect(await isAccepted({ token: 'another' })).toBe(false);
  });
});

describe('a key of the gateway’s', () => {
  const found: Record<string, ReturnType<KeyRing['find']>> = {};
  const keyRing: KeyRing = { find: (key) => found[key] ?? 'unknown' };
  const { fixture, isAccepted, read } = useBodies({ heldKey: 'held', keyRing });
  const good = {
    name: 'bot',
    scopes: undefined,
    scripts: undefined,
    projects: undefined,
    rate: undefined,
  };
  const KEY = { authorization: 'Bearer gateway-key' };

  it('counts as accepted once it was let in, until it is refused', async () => {
    fixture.respond = answerPlainly;
    found['gateway-key'] = good;
    expect(await isAccepted(KEY)).toBe(false);
    await read(KEY);
    expect(await isAccepted(KEY)).toBe(true);
    expect(await isAccepted({ authorization: 'Bearer made-up' })).toBe(false);
    found['gateway-key'] = 'expired';
    await read(KEY);
    expect(await isAccepted(KEY)).toBe(false);
  });
});
