import type { AnswerFacts, ShownAnswer } from './send.ts';

export interface StreamEvent {
  readonly number: number;
  readonly at: Date;
  readonly title: string;
  readonly isFailed: boolean;
  readonly text: string;
}

export interface Run {
  /** A command that sends the request again. */
  readonly command: string;
  readonly facts: AnswerFacts | undefined;
  /** The newest events of a subscription. */
  readonly events: readonly StreamEvent[];
  readonly isPaused: boolean;
  /** The number of the shown event. Undefined: the newest. */
  readonly chosen: number | undefined;
}

/** The most events that are kept for a tab. */
export const MAX_EVENTS = 200;

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
  const change = (tab: string, to: Partial<Run>) => {
    const run = byTab.get(tab);
    if (run) put(tab, { ...run, ...to });
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
      put(tab, { command, facts: undefined, events: [], isPaused: false, chosen: undefined });
      return ({ answer, facts, isEvent }) => {
        const { events, isPaused } = byTab.get(tab) ?? NO_RUN;
        const event = isEvent ? [eventOf(answer, (events.at(-1)?.number ?? 0) + 1)] : [];
        change(tab, { facts, events: [...events, ...event].slice(-MAX_EVENTS) });
        return !isPaused;
      };
    },
    /** Keeps showing the chosen or newest event while further events arrive. */
    pause: (tab: string, chosen?: number) =>
      change(tab, { isPaused: true, chosen: chosen ?? byTab.get(tab)?.events.at(-1)?.number }),
    resume: (tab: string) => change(tab, { isPaused: false, chosen: undefined }),
  };
}

const NO_RUN = { events: [], isPaused: false };

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
