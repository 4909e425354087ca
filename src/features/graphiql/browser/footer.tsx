import { useGraphiQL } from '@graphiql/react';
import { useLayoutEffect, useSyncExternalStore } from 'react';
import type { Runs } from './runs.ts';
import { type AnswerFacts, describeFacts } from './send.ts';

/** Below an answer: facts about the last run of the tab. */
export function Footer({ runs }: { readonly runs: Runs }) {
  const tab = useGraphiQL(({ tabs, activeTabIndex }) => tabs[activeTabIndex]?.id ?? '');
  const facts = useSyncExternalStore(runs.onChange, () => runs.of(tab));
  useLayoutEffect(() => runs.enter(tab), [runs, tab]);
  return (
    <output className="answer-facts">
      {facts &&
        describeFacts(facts).map(({ name, text }) => (
          <span key={name} title={name} className={classOf(name, facts)}>
            {text}
          </span>
        ))}
    </output>
  );
}

const classOf = (name: string, { status }: AnswerFacts) =>
  name === 'Status' && (status === undefined || status >= 400) ? 'answer-failed' : undefined;
