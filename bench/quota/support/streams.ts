import { Agent, type IncomingMessage, request } from 'node:http';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { scriptId } from './scripts.ts';

/** The first followed scripts: users of the first come and go, all others stay unchanged. */
const FOLLOWED = [
  seeded.visitedScriptId,
  'DWwAZoKdheIahfmSOPFt61TpKzlSEmEA',
  'HtS0sDYk5LnFBHekLnMYLafDNthm1pDD',
];
/** How many streams are opened at a time. */
const AT_ONCE = 250;
const SUBSCRIPTION = `subscription ($id: ID!) {
  scriptSessions(scriptId: $id) {
    __typename
    ... on LiveEvent { cursor sequence }
    ... on SessionsSnapshot { sessions { id robloxId } }
    ... on SessionsChange { appeared { id robloxId } disappearedIds }
  }
}`;

/** Sends one operation after the other, or many at once, each on a connection of its own. */
export interface Poster {
  /** `body` is an operation. @returns the answer's head, its body not read yet */
  post(body: object, headers?: Record<string, string>): Promise<IncomingMessage>;
  close(): void;
}

export function createPoster(url: string): Poster {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const common = { 'content-type': 'application/json', token: sandboxKeys.full };
  return {
    post: (body, headers) =>
      new Promise((resolve, reject) => {
        const options = { method: 'POST', agent, headers: { ...common, ...headers } };
        request(`${url}/graphql`, options, resolve).once('error', reject).end(JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}

/** Subscriptions that go on until they are left. */
export interface Streams {
  /** How many events all of them have received so far. */
  events(): number;
  leave(): void;
}

/** Opens so many over so many scripts, and waits until each has received its first event. */
export async function openStreams({ post }: Poster, count: number, scripts = 3): Promise<Streams> {
  const open = (index: number) => {
    const script = index % scripts;
    const id = FOLLOWED[script] ?? scriptId(script);
    return post({ query: SUBSCRIPTION, variables: { id } }, { accept: 'text/event-stream' });
  };
  // The first answer proves the key, and thousands at once would be more than the listener's queue holds.
  const streams: IncomingMessage[] = count > 0 ? [await open(0)] : [];
  while (streams.length < count) {
    const first = streams.length;
    const length = Math.min(AT_ONCE, count - first);
    streams.push(...(await Promise.all(Array.from({ length }, (_, index) => open(first + index)))));
  }
  let events = 0;
  const begun = streams.map(
    (stream) =>
      new Promise<void>((resolve, reject) => {
        stream.once('close', () => reject(new Error(`A stream ended with HTTP ${stream.statusCode}.`)));
        stream.on('data', (chunk: Buffer) => {
          const found = chunk.toString('latin1').split('event: next').length - 1;
          events += found;
          if (found > 0) resolve();
        });
      }),
  );
  await Promise.all(begun);
  return {
    events: () => events,
    leave: () => {
      for (const stream of streams) stream.destroy();
    },
  };
}
