import type { AnswerFacts } from './answer-facts.ts';
import type { OperationRequest } from './request.ts';

/** What came back: what GraphiQL shows, and what is told below it. */
export interface ShownAnswer {
  readonly answer: unknown;
  readonly facts: AnswerFacts;
}

/** Sends a request. It never throws: what went wrong is an answer too, as GraphiQL would show the stack of an Error. */
export async function send(request: OperationRequest, signal: AbortSignal): Promise<ShownAnswer> {
  const { url, headers, body } = request;
  const startedAt = performance.now();
  const isPlan = headers['x-upstream'] === 'plan';
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    const bytes = await response.arrayBuffer();
    const durationMs = performance.now() - startedAt;
    const answer = parse(new TextDecoder().decode(bytes));
    const { status, statusText } = response;
    const requestId = response.headers.get('x-request-id');
    const facts = { status, statusText, durationMs, bytes: bytes.byteLength, requestId, isPlan };
    return { answer, facts: { ...facts, calls: callsOf(answer) } };
  } catch (error) {
    const durationMs = performance.now() - startedAt;
    return {
      answer: failure(`No answer from the gateway: ${messageOf(error)}.`),
      facts: { ...NONE, durationMs, isPlan },
    };
  }
}

const NONE = { status: undefined, statusText: '', bytes: 0, requestId: null, calls: undefined };

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
