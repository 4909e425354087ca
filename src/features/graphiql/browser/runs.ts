import type { AnswerFacts } from './send.ts';

export type Runs = ReturnType<typeof createRuns>;

/** Remembers the facts of each tab's last answer until the page closes. */
export function createRuns() {
  const byTab = new Map<string, AnswerFacts | undefined>();
  const listeners = new Set<() => void>();
  let open = '';
  const put = (tab: string, facts?: AnswerFacts) => {
    byTab.set(tab, facts);
    for (const listener of listeners) listener();
  };
  return {
    of: (tab: string) => byTab.get(tab),
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Tells which tab is open. */
    enter(tab: string) {
      open = tab;
    },
    /** Begins a run of the open tab. The returned function takes the facts about each answer. */
    begin(): (facts: AnswerFacts) => void {
      const tab = open;
      put(tab);
      return (facts) => put(tab, facts);
    },
  };
}
