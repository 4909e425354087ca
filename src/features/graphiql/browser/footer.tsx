import { Button, useGraphiQL } from '@graphiql/react';
import { useLayoutEffect, useState, useSyncExternalStore } from 'react';
import type { Runs } from './runs.ts';
import { type AnswerFacts, describeFacts } from './send.ts';

/** Below an answer: facts about the last run of the tab, and a button that copies it. */
export function Footer({ runs }: { readonly runs: Runs }) {
  const tab = useGraphiQL(({ tabs, activeTabIndex }) => tabs[activeTabIndex]?.id ?? '');
  const run = useSyncExternalStore(runs.onChange, () => runs.of(tab));
  useLayoutEffect(() => runs.enter(tab), [runs, tab]);
  const { facts, command } = run ?? {};
  return (
    <>
      <output className="answer-facts">
        {facts &&
          describeFacts(facts).map(({ name, text }) => (
            <span key={name} title={name} className={classOf(name, facts)}>
              {text}
            </span>
          ))}
      </output>
      <CopyButton key={tab} text={command} />
    </>
  );
}

const classOf = (name: string, { status }: AnswerFacts) =>
  name === 'Status' && (status === undefined || status >= 400) ? 'answer-failed' : undefined;

/** Copies the command of the last run. Disabled if the tab has not run anything yet. */
function CopyButton({ text }: { readonly text: string | undefined }) {
  const [said, say] = useState<string>();
  const press = async () => {
    // Browsers hide the clipboard from a page that is neither local nor HTTPS.
    const isCopied = await navigator.clipboard?.writeText(text ?? '').then(
      () => true,
      () => false,
    );
    say(isCopied ? 'Copied' : 'Not copied');
    setTimeout(() => say(undefined), 2_000);
  };
  return (
    <Button
      type="button"
      className="copy-curl"
      title="Copy a command that runs this again"
      disabled={text === undefined}
      onClick={press}
    >
      {said ?? 'Copy as cURL'}
    </Button>
  );
}
