import type { SandboxSession } from './state.ts';

type Outcome = { processed: true; response: object } | { processed: false; reason: string };

type ClientHandler = (data: unknown, session: SandboxSession) => Outcome;

const processed = (response: object): Outcome => ({ processed: true, response });
const unprocessed = (reason: string): Outcome => ({ processed: false, reason });

/** The handlers that every client of the sandbox has; one for each documented outcome. */
const clientHandlers = new Map<string, ClientHandler>([
  ['ping', () => processed({ pong: true })],
  ['echo', (data) => processed({ data })],
  ['whereami', (_data, { place_id, job_id }) => processed({ place_id, job_id })],
  ['broken', () => unprocessed('function errored, message: attempt to index nil with "Health"')],
  ['invalid', () => unprocessed('invalid return data')],
  // The live API says this after 60 s; the sandbox does not wait.
  ['silent', () => unprocessed('client never responded')],
]);

/** What the client behind a session makes of a message. */
export function runMessage(key: string, data: unknown, session: SandboxSession): Outcome {
  const handler = clientHandlers.get(key);
  return handler ? handler(data, session) : unprocessed('function doesnt exist');
}
