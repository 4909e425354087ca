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
const TOTAL = 64 * KB;

const refuse =
  (message: string): Respond =>
  (_recorded, response) =>
    json(response, { success: false, error: { code: 0, message } });

/** Shows whether a key counts as accepted: only then its body of 50 kB stays when another of 37 kB comes. */
function useBodies(credentials: Credentials = {}) {
  const fixture = useRecorder({ maxBodiesBytes: TOTAL, credentials });
  async function openAlmost(bytes: number, headers: Record<string, string>) {
    const client = await openRaw(fixture.gateway.url);
    const bare = JSON.stringify({ query: '{ __typename }', variables: { source: '' } });
    const body = bare.replace('""', `"${'x'.repeat(bytes - bare.length)}"`);
    client.socket.write(postText(body, headers).slice(0, -1));
    await eventually(() => expect(client.socket.writableLength).toBe(0));
    for (let round = 0; round < 2; round++) await fetch(`${fixture.gateway.url}/health`);
    return client;
  }
  const isAccepted = async (headers: Record<string, string>) => {
    const own = await openAlmost(50 * KB, headers);
    const other = await openAlmost(37 * KB, {});
    const [refused, kept] = await Promise.race([
      own.until('OVERLOADED').then(() => [own, other]),
      other.until('OVERLOADED').then(() => [other, own]),
    ]);
    for (const client of [refused, kept]) client?.socket.destroy();
    return kept === own;
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
