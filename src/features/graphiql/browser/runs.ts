import type { AnswerFacts, ShownAnswer } from './send.ts';

export interface StreamEvent {
  /** From 1, in the order of their coming. */
  readonly number: number;
  readonly at: Date;
  /** Its name, in a few words. */
  readonly title: string;
  readonly isFailed: boolean;
  /** As the answer's editor shows it. */
  readonly text: string;
}

/** The last run of a tab, and its answer. */
export interface Run {
  /** A command that sends the same again. */
  readonly command: string;
  readonly facts: AnswerFacts | undefined;
  /** The newest ones of a subscription. */
  readonly events: readonly StreamEvent[];
  readonly isPaused: boolean;
  /** The number of the event that is shown; undefined: the newest. */
  readonly chosen: number | undefined;
}

/** So many events of a tab are kept. */
export const MAX_EVENTS = 200;

export type Runs = ReturnType<typeof createRuns>;

/** Remembers for each tab what it ran, as long as the page lives. */
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
    /** The visitor looks at this tab, and these are open. */
    enter(tab: string, open: readonly string[]) {
      current = tab;
      for (const known of byTab.keys()) if (!open.includes(known)) byTab.delete(known);
    },
    /** An operation of the tab in view leaves. Returns what takes its answers, and says whether to show one. */
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
    /** Holds what is shown: an event that was chosen, or the newest of now. Events go on coming. */
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

/** The type of a field's value where it was asked for, or else the field. */
function nameOf([field, value]: [string, unknown]): string {
  const { __typename } = (value ?? {}) as { readonly __typename?: unknown };
  return typeof __typename === 'string' ? __typename : field;
}
