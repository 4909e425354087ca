import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { openSocket, upgradeText } from '../support/clients/socket-client.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually } from '../support/vitest/waiting.ts';

const KEY = { token: 'key' };
const read = (headers: Record<string, string> = {}) =>
  postText(JSON.stringify({ query: print(SCRIPT), variables: { id: 'a' } }), headers);

const isOpen = ({ socket }: { readonly socket: { readonly closed: boolean } }) => !socket.closed;

describe('where three connections without an accepted key may be open', () => {
  const fixture = useRecorder({ server: { maxUnaccepted: 3 } });

  /** A connection that the gateway has seen. */
  async function open(text = '') {
    const raw = await openRaw(fixture.gateway.url);
    raw.socket.write(text);
    return raw;
  }

  it('the one that has waited longest is closed for a further one', async () => {
    const [first, second, third] = [await open(), await open('POST /graphql HTTP/1.1\r\n'), await open()];
    // A request that is answered begins a new wait.
    first.socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await first.until('"ok"');
    const fourth = await open();
    await second.closed;
    const fifth = await open(upgradeText('/graphql'));
    await third.closed;
    await fifth.until('101 ');
    expect([first, fourth, fifth].map(isOpen)).toEqual([true, true, true]);
  });

  it('a connection stays whose request is being answered', async () => {
    fixture.respond = () => undefined;
    const asking = await open(read(KEY));
    await eventually(() => expect(fixture.recorder.calls).toHaveLength(1));
    const others = [await open(), await open(), await open()];
    await others[0]?.closed;
    expect(isOpen(asking)).toBe(true);
    asking.socket.destroy();
  });

  it('connections with an accepted key stay and do not count, also by WebSocket', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    const socket = await openSocket(fixture.gateway, { connectionParams: KEY });
    const known = await open(read(KEY));
    await known.until('"name"');
    const others = [await open(), await open(), await open()];
    const further = await open();
    await others[0]?.closed;
    expect([known, ...others.slice(1), further].map(isOpen)).toEqual([true, true, true, true]);
    expect(socket.socket.readyState).toBe(socket.socket.OPEN);
    socket.socket.close();
  });

  it('the connection stays whose request was the first with an accepted key', async () => {
    fixture.respond = answerPlainly;
    const first = await open(read(KEY));
    await first.until('"name"');
    const others = [await open(), await open(), await open(), await open()];
    await others[0]?.closed;
    expect([first, ...others.slice(1)].map(isOpen)).toEqual(Array(4).fill(true));
  });
});

describe('where the gateway asks for no key', () => {
  const credentials = { heldKey: 'key' };
  const fixture = useRecorder({ credentials, server: { maxUnaccepted: 2 } });

  it('all connections count, and a WebSocket is closed last', async () => {
    fixture.respond = answerPlainly;
    const socket = await openSocket(fixture.gateway, { connectionParams: {} });
    const known = await openRaw(fixture.gateway.url);
    known.socket.write(read());
    await known.until('"name"');
    await openRaw(fixture.gateway.url);
    await known.closed;
    expect(socket.socket.readyState).toBe(socket.socket.OPEN);
    socket.socket.close();
  });
});
