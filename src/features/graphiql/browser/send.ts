import type { Operation, OperationRequest } from './request.ts';

/** Never throws: a failure is an answer too, because GraphiQL would show the stack of an Error. */
async function send(
  request: OperationRequest,
  signal: AbortSignal,
  onAnswer: (answer: unknown, facts: AnswerFacts) => void,
): Promise<void> {
  const { url, headers, body } = request;
  const startedAt = performance.now();
  const isPlan = headers['x-upstream'] === 'plan';
  const show = (answer: unknown, facts: Omit<AnswerFacts, 'durationMs' | 'isPlan' | 'calls'>) => {
    const durationMs = performance.now() - startedAt;
    onAnswer(answer, { ...facts, durationMs, isPlan, calls: callsOf(answer) });
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

/** A server between the page and the gateway may answer instead. */
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

/** A plan has a price, a report has calls. */
function callsOf(answer: unknown): number | undefined {
  const { extensions } = (answer ?? {}) as {
    extensions?: { upstream?: { calls?: unknown; price?: unknown } };
  };
  const { calls, price } = extensions?.upstream ?? {};
  return [calls, price].find((count) => typeof count === 'number');
}

/** Calls back with the data of each `next` event, and the number of bytes so far. */
async function readEvents(body: ReadableStream<Uint8Array>, onNext: (data: string, bytes: number) => void) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes += read.value.byteLength;
    text += decoder.decode(read.value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = dataOf(event);
      if (data !== undefined) onNext(data, bytes);
    }
  }
}

function dataOf(event: string): string | undefined {
  const lines = event.split('\n');
  if (!lines.includes('event: next')) return undefined;
  return lines
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length))
    .join('\n');
}

export interface AnswerFacts {
  /** Undefined if no answer came. */
  readonly status: number | undefined;
  readonly statusText: string;
  /** From sending to the last byte. */
  readonly durationMs: number;
  /** The size of the decompressed body. */
  readonly bytes: number;
  readonly requestId: string | null;
  /** The REST calls of the answer, or the highest price of a plan. */
  readonly calls: number | undefined;
  readonly isPlan: boolean;
}

/** Data with errors, a status that servers do not name yet. */
const PARTIAL_SUCCESS = 294;

export function describeFacts(facts: AnswerFacts) {
  const { status, statusText, durationMs, bytes, requestId, calls, isPlan } = facts;
  if (status === undefined) return [{ name: 'Status', text: 'No answer' }, time(durationMs)];
  return [
    {
      name: 'Status',
      text: `${status} ${status === PARTIAL_SUCCESS ? 'Partial Success' : statusText}`.trim(),
    },
    time(durationMs),
    { name: 'Size', text: size(bytes) },
    ...(calls === undefined ? [] : [{ name: 'Cost', text: cost(calls, isPlan) }]),
    ...(requestId === null ? [] : [{ name: 'Request id', text: `request ${requestId}` }]),
  ];
}

const time = (ms: number) => ({
  name: 'Time',
  text: ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`,
});

function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function cost(calls: number, isPlan: boolean): string {
  return `${isPlan ? 'at most ' : ''}${calls} REST ${calls === 1 ? 'call' : 'calls'}`;
}

interface FetcherParts {
  build(operation: Operation, typedHeaders: Readonly<Record<string, unknown>>): OperationRequest;
  /** Called when an operation is sent. The returned function takes the facts about each answer. */
  onSend(): (facts: AnswerFacts) => void;
}

/** The function by which GraphiQL sends operations. It does not show the page's own reads of the schema. */
export function createFetcher({ build, onSend }: FetcherParts) {
  return (operation: Operation, { headers = {} }: { headers?: Readonly<Record<string, unknown>> } = {}) => {
    const request = build(operation, headers);
    const controller = new AbortController();
    if (operation.operationName === 'IntrospectionQuery') {
      return new Promise((resolve) => {
        void send(request, controller.signal, resolve);
      });
    }
    const onFacts = onSend();
    // GraphiQL can stop an operation through this object.
    return {
      subscribe(observer: { next(answer: unknown): void; complete(): void }) {
        const show = (answer: unknown, facts: AnswerFacts) => {
          if (controller.signal.aborted) return;
          onFacts(facts);
          observer.next(answer);
        };
        void send(request, controller.signal, show).then(() => {
          if (!controller.signal.aborted) observer.complete();
        });
        return { unsubscribe: () => controller.abort() };
      },
    };
  };
}
