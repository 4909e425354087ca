import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect } from 'vitest';
import { liveBytes } from '../processes/live-memory.ts';
import { eventually } from '../vitest/waiting.ts';
import { openRaw } from './raw-http.ts';

/** The end of a body in chunks. */
export const LAST_CHUNK = '0\r\n\r\n';

/** ASCII text as `Transfer-Encoding: chunked` has it, a byte in each chunk and without the last one's end. */
export function inOneByteChunks(text: string): Buffer {
  const bytes = Buffer.alloc(6 * text.length, '1\r\n?\r\n');
  for (let index = 0; index < text.length; index += 1) bytes[6 * index + 3] = text.charCodeAt(index);
  return bytes;
}

/** The sockets that either side of a server opens while a test runs. */
export function watchSockets() {
  const sockets = { accepted: [] as Socket[], opened: [] as Socket[] };
  const accepted = (message: unknown) => void sockets.accepted.push((message as { socket: Socket }).socket);
  const opened = (message: unknown) => void sockets.opened.push((message as { socket: Socket }).socket);
  beforeEach(() => {
    sockets.accepted = [];
    sockets.opened = [];
    subscribe('net.server.socket', accepted);
    subscribe('net.client.socket', opened);
  });
  afterEach(() => {
    unsubscribe('net.server.socket', accepted);
    unsubscribe('net.client.socket', opened);
  });
  return sockets;
}

/** Waits until a socket has handed on all that was sent to it. */
export async function hasRead(find: () => Socket | undefined, bytes: () => number): Promise<void> {
  await eventually(() => expect(find()?.bytesRead).toBe(bytes()));
  await eventually(() => expect(find()?.readableLength).toBe(0));
}

/**
 * Sends the head of a request and its body, a byte in each chunk, without its end. Gives the client once the server has read
 * it all, and by how many bytes that has made the live memory grow.
 */
export async function sendInOneByteChunks(
  { url }: { readonly url: string },
  { accepted }: ReturnType<typeof watchSockets>,
  head: string,
  text: string,
) {
  const body = inOneByteChunks(text);
  // Counting stops the process for a while, in which a server would wait for the head of a request.
  const before = liveBytes();
  const client = await openRaw(url);
  const { localPort } = client.socket;
  await eventually(() => expect(accepted.at(-1)?.remotePort).toBe(localPort));
  client.socket.write(head);
  client.socket.write(body);
  await hasRead(
    () => accepted.find(({ remotePort }) => remotePort === localPort),
    () => head.length + body.length,
  );
  return { client, grownBytes: liveBytes() - before };
}
