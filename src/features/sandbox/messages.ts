import type { WireMessage, WireMessageOutcome } from '../../luaauth/wire.ts';
import type { Behaviour } from './endpoint.ts';
import type { SandboxSession } from './state.ts';

/** A client's reaction to a message, and the delay of the API's answer. */
interface ClientReaction {
  outcome: WireMessageOutcome;
  afterMs: number;
}

/** By default after the usual time. */
type Result = Pick<ClientReaction, 'outcome'> & Partial<ClientReaction>;

/** Undefined: the client does not answer. */
type ClientHandler = (data: unknown, session: SandboxSession) => Result | undefined;

const processed = (response: object): Result => ({ outcome: { processed: true, response } });
const unprocessed = (reason: string): Result => ({ outcome: { processed: false, reason } });
const errored = (message: string) => unprocessed(`function errored, message: ${message}`);

const clientHandlers = new Map<string, ClientHandler>([
  ['ping', () => processed({ pong: true })],
  ['echo', (data) => processed({ data })],
  ['whereami', (_data, { place_id, job_id }) => processed({ place_id, job_id })],
  // LuaAuth does not document the answer of a handler that returns nothing; here `response` is missing.
  ['nothing', () => ({ outcome: { processed: true } })],
  ['broken', () => errored('attempt to index nil with "Health"')],
  ['invalid', () => unprocessed('invalid return data')],
  ['silent', () => undefined],
  // `data` is the time in ms. The API gives up after `messageTimeoutMs`.
  [
    'wait',
    (data) =>
      typeof data === 'number'
        ? { ...processed({ waited: data }), afterMs: data }
        : errored('wait takes a number'),
  ],
]);

/** The answer to any other name is `function doesnt exist`. */
export const clientHandlerNames: readonly string[] = [...clientHandlers.keys()];

/** Runs a message on the client of a session. Without a session the client has gone and does not answer. */
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
