import type { AnswerFacts, ShownAnswer } from './send.ts';

export interface StreamEvent {
  readonly number: number;
  readonly at: Date;
  readonly title: string;
  readonly isFailed: boolean;
  readonly text: string;
}

/** The last run of a tab. */
export interface Run {
  /** A command that sends the request again. */
  readonly command: string;
  readonly facts: AnswerFacts | undefined;
  /** The newest events of a subscription, at most 200. */
  readonly events: readonly StreamEvent[];
  /** The number of an event that stays in view while others come. Undefined: the newest event is in view. */
  readonly held: number | undefined;
}

const MAX_EVENTS = 200;

export type Runs = ReturnType<typeof createRuns>;

/** Remembers the last run of each tab until the page closes. */
export function createRuns() {
  const byTab = new Map<string, Run>();
  const listeners = new Set<() => void>();
  let current = '';
  const put = (tab: string, run: Run) => {
    byTab.set(tab, run);
    for (const listener of listeners) listener();
  };
  return {
    of: (tab: string): Run | undefined => byTab.get(tab),
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    enter(tab: string, open: readonly string[]) {
      current = tab;
      for (const known of byTab.keys()) if (!open.includes(known)) byTab.delete(known);
    },
    /** Begins a run of the current tab. The returned function takes answers, and says whether to show an answer. */
    begin(command: string): (outcome: ShownAnswer) => boolean {
      const tab = current;
      let run: Run = { command, facts: undefined, events: [], held: undefined };
      put(tab, run);
      return ({ answer, facts, isEvent }) => {
        const { events, held } = byTab.get(tab) ?? run;
        const event = isEvent ? [eventOf(answer, (events.at(-1)?.number ?? 0) + 1)] : [];
        run = { command, facts, events: [...events, ...event].slice(-MAX_EVENTS), held };
        put(tab, run);
        return held === undefined;
      };
    },
    /** Holds an event in view; the newest event is followed by the next ones. */
    hold(tab: string, { number }: StreamEvent) {
      const run = byTab.get(tab);
      if (run) put(tab, { ...run, held: number === run.events.at(-1)?.number ? undefined : number });
    },
  };
}

function eventOf(answer: unknown, number: number): StreamEvent {
  const { data, errors } = (answer ?? {}) as {
    readonly data?: Readonly<Record<string, unknown>> | null;
    readonly errors?: readonly { readonly message?: string }[];
  };
  const [error] = errors ?? [];
  const title = error
    ? `Error: ${error.message}`
    : Object.entries(data ?? {})
        .map(nameOf)
        .join(', ');
  return {
    number,
    at: new Date(),
    title,
    isFailed: error !== undefined,
    text: JSON.stringify(answer, null, 2),
  };
}

/** The type of a field's value if it was selected, else the field's name. */
function nameOf([field, value]: [string, unknown]): string {
  const { __typename } = (value ?? {}) as { readonly __typename?: unknown };
  return typeof __typename === 'string' ? __typename : field;
}
