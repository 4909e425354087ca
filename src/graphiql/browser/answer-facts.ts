/** What is known of an answer beside what it holds. */
export interface AnswerFacts {
  /** Undefined: none came. */
  readonly status: number | undefined;
  readonly statusText: string;
  /** From the sending to the last byte. */
  readonly durationMs: number;
  /** Of the body, unpacked. */
  readonly bytes: number;
  readonly requestId: string | null;
  /** REST calls that the answer did cost, or would at most. */
  readonly calls: number | undefined;
  readonly isPlan: boolean;
}

/** One fact as it is shown: what it is, for those who point at it, and its text. */
export interface ShownFact {
  readonly name: string;
  readonly text: string;
}

export function describeFacts(facts: AnswerFacts): ShownFact[] {
  const { status, statusText, durationMs, bytes, requestId, calls, isPlan } = facts;
  if (status === undefined) return [{ name: 'Status', text: 'No answer' }, time(durationMs)];
  return [
    { name: 'Status', text: `${status} ${statusText}`.trim() },
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
