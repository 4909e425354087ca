import type { WireMessage, WireMessageOutcome } from '../../luaauth/wire.ts';
import type { Behaviour } from './handler.ts';
import type { SandboxSession } from './state.ts';

/** The reaction of the client behind a session to a message, and the delay of the API's answer. */
interface ClientReaction {
  outcome: WireMessageOutcome;
  afterMs: number;
}

/** Without `afterMs` the client takes the usual time. */
type Result = Pick<ClientReaction, 'outcome'> & Partial<ClientReaction>;

/** Undefined: the client stays silent. */
type ClientHandler = (data: unknown, session: SandboxSession) => Result | undefined;

const processed = (response: object): Result => ({ outcome: { processed: true, response } });
const unprocessed = (reason: string): Result => ({ outcome: { processed: false, reason } });
const errored = (message: string) => unprocessed(`function errored, message: ${message}`);

/** The handlers that every client of the sandbox has: the name decides the outcome. */
const clientHandlers = new Map<string, ClientHandler>([
  ['ping', () => processed({ pong: true })],
  ['echo', (data) => processed({ data })],
  ['whereami', (_data, { place_id, job_id }) => processed({ place_id, job_id })],
  // The answer for a handler that returns nothing is not documented; here `response` is missing.
  ['nothing', () => ({ outcome: { processed: true } })],
  ['broken', () => errored('attempt to index nil with "Health"')],
  ['invalid', () => unprocessed('invalid return data')],
  ['silent', () => undefined],
  // `data` is the time in ms; over `messageTimeoutMs` the API gives up.
  [
    'wait',
    (data) =>
      typeof data === 'number'
        ? { ...processed({ waited: data }), afterMs: data }
        : errored('wait takes a number'),
  ],
]);

/** Their names; any other is answered with `function doesnt exist`. */
export const clientHandlerNames: readonly string[] = [...clientHandlers.keys()];

/** Runs a message on the client of a session; without a session the client has gone, and is silent. */
export function runMessage(
  { key, data }: WireMessage,
  session: SandboxSession | undefined,
  { messageDelayMs, messageTimeoutMs }: Behaviour,
): ClientReaction {
  const handler = clientHandlers.get(key) ?? (() => unprocessed('function doesnt exist'));
  const reaction = session && handler(data, session);
  const afterMs = reaction?.afterMs ?? messageDelayMs;
  if (!reaction || afterMs > messageTimeoutMs) {
    return { ...unprocessed('client never responded'), afterMs: messageTimeoutMs };
  }
  return { outcome: reaction.outcome, afterMs };
}
