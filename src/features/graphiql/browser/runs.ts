import type { AnswerFacts } from './send.ts';

/** The last run of a tab. */
interface Run {
  /** A command that sends the request again. */
  readonly command: string;
  /** Undefined until an answer comes. */
  readonly facts?: AnswerFacts;
}

export type Runs = ReturnType<typeof createRuns>;

/** Remembers the last run of each tab until the page closes. */
export function createRuns() {
  const byTab = new Map<string, Run>();
  const listeners = new Set<() => void>();
  let open = '';
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
    /** Tells which tab is open. */
    enter(tab: string) {
      open = tab;
    },
    /** Begins a run of the open tab. The returned function takes the facts about each answer. */
    begin(command: string): (facts: AnswerFacts) => void {
      const tab = open;
      put(tab, { command });
      return (facts) => put(tab, { command, facts });
    },
  };
}
