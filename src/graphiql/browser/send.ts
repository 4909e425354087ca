import type { AnswerFacts } from './answer-facts.ts';
import { readEvents } from './read-events.ts';
import type { OperationRequest } from './request.ts';

/** What came back: what GraphiQL shows, and what is told below it. */
export interface ShownAnswer {
  readonly answer: unknown;
  readonly facts: AnswerFacts;
}

/**
 * Sends a request, and gives each answer as it comes: one, or those of a subscription. It never throws: what went wrong is
 * an answer too, as GraphiQL would show the stack of an Error.
 */
export async function send(
  request: OperationRequest,
  signal: AbortSignal,
  onAnswer: (shown: ShownAnswer) => void,
): Promise<void> {
  const { url, headers, body } = request;
  const startedAt = performance.now();
  const isPlan = headers['x-upstream'] === 'plan';
  const show = (answer: unknown, facts: Omit<AnswerFacts, 'durationMs' | 'isPlan' | 'calls'>) => {
    const durationMs = performance.now() - startedAt;
    onAnswer({ answer, facts: { ...facts, durationMs, isPlan, calls: callsOf(answer) } });
  };
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    const { status, statusText } = response;
    const requestId = response.headers.get('x-request-id');
    const facts = { status, statusText, requestId };
    if (response.body && isEventStream(response)) {
      await readEvents(response.body, (data, bytes) => show(parse(data), { ...facts, bytes }));
    } else {
      const bytes = await response.arrayBuffer();
      show(parse(new TextDecoder().decode(bytes)), { ...facts, bytes: bytes.byteLength });
    }
  } catch (error) {
    show(failure(`No answer from the gateway: ${messageOf(error)}.`), NONE);
  }
}

const NONE = { status: undefined, statusText: '', bytes: 0, requestId: null };

const isEventStream = ({ headers }: Response) =>
  (headers.get('content-type') ?? '').startsWith('text/event-stream');

/** Something between the page and the gateway may answer in its place. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return failure(`This is not the answer of a gateway: ${text.slice(0, 200)}`);
  }
}

const failure = (message: string) => ({ errors: [{ message }] });

const messageOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');

/** A plan tells a price, a report the calls. */
function callsOf(answer: unknown): number | undefined {
  const { extensions } = (answer ?? {}) as {
    extensions?: { upstream?: { calls?: unknown; price?: unknown } };
  };
  const { calls, price } = extensions?.upstream ?? {};
  return [calls, price].find((count) => typeof count === 'number');
}
