import type { ResultError, TestGateway } from '../gateways/gateway.ts';
import { jsonPost } from './json-post.ts';

/** An event of a subscription, as its client sees it. */
export interface Told<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly ResultError[];
  readonly extensions?: Record<string, unknown>;
}

/** A subscription by server-sent events. */
export interface EventStream<Data> {
  readonly status: number;
  readonly headers: Headers;
  /** Waits for the next result; undefined: the stream is complete. */
  next(): Promise<Told<Data> | undefined>;
  /** All results until it is complete. */
  rest(): Promise<Told<Data>[]>;
  /** Leaves. */
  leave(): void;
}

/** Subscribes with the sandbox's key, unless the headers say otherwise. */
export async function subscribeBySse<Data>(
  { url }: Pick<TestGateway, 'url'>,
  query: string,
  variables: Record<string, unknown> = {},
  headers: Record<string, string> = { token: 'sandbox-key' },
): Promise<EventStream<Data>> {
  const controller = new AbortController();
  const post = jsonPost({ query, variables }, { accept: 'text/event-stream', ...headers });
  const response = await fetch(`${url}/graphql`, { ...post, signal: controller.signal });
  // Taken at once: an untaken body is cancelled when its response is garbage-collected.
  const messages = readMessages((response.body as ReadableStream<Uint8Array>).values());
  const next = async (): Promise<Told<Data> | undefined> => {
    const { value, done } = await messages.next();
    if (done || value.event === 'complete') return undefined;
    return JSON.parse(value.data) as Told<Data>;
  };
  return {
    status: response.status,
    headers: response.headers,
    next,
    async rest() {
      const all: Told<Data>[] = [];
      for (let one = await next(); one; one = await next()) all.push(one);
      return all;
    },
    leave: () => controller.abort(),
  };
}

interface Message {
  readonly event: string;
  readonly data: string;
}

/** The messages of an event stream; comments are none. */
async function* readMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<Message, undefined> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const message = readMessage(block);
      if (message.event !== '') yield message;
    }
  }
  return undefined;
}

function readMessage(block: string): Message {
  const field = (name: string) =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trimStart())
      .join('\n');
  return { event: field('event'), data: field('data') };
}
