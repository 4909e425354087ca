import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useLayoutEffect, useState, useSyncExternalStore } from 'react';
import type { Run, Runs, StreamEvent } from './runs.ts';
import { type AnswerFacts, describeFacts } from './send.ts';

/** Below an answer: the events of a subscription, facts about the last run of the tab, and a button that copies it. */
export function Footer({ runs }: { readonly runs: Runs }) {
  const { tabs, activeTabIndex, responseEditor } = useGraphiQL((state) => state);
  const { updateActiveTabValues } = useGraphiQLActions();
  const tab = tabs[activeTabIndex]?.id ?? '';
  const run = useSyncExternalStore(runs.onChange, () => runs.of(tab));
  useLayoutEffect(() => {
    runs.enter(
      tab,
      tabs.map(({ id }) => id),
    );
  }, [runs, tab, tabs]);

  const show = (event: StreamEvent) => {
    runs.hold(tab, event);
    responseEditor?.setValue(event.text);
    updateActiveTabValues({ response: event.text });
  };
  const { facts, command, events = [] } = run ?? {};
  return (
    <>
      {run && events.length > 0 && <EventList run={run} onChoose={show} />}
      <div className="answer-bar">
        <output className="answer-facts">
          {facts &&
            describeFacts(facts).map(({ name, text }) => (
              <span key={name} title={name} className={classOf(name, facts)}>
                {text}
              </span>
            ))}
        </output>
        <CopyButton key={tab} text={command} />
      </div>
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
    <button
      type="button"
      className="small-button copy-curl"
      title="Copy a command that runs this again"
      disabled={text === undefined}
      onClick={press}
    >
      {said ?? 'Copy as cURL'}
    </button>
  );
}

interface EventListProps {
  readonly run: Run;
  readonly onChoose: (event: StreamEvent) => void;
}

/** The events of a subscription, newest first. Pressing an event keeps it in view; pressing the newest goes on. */
function EventList({ run: { events, held }, onChoose }: EventListProps) {
  const shown = held ?? events.at(-1)?.number;
  return (
    <ol reversed start={events.at(-1)?.number} className="event-list" aria-label="Events">
      {events.toReversed().map((event) => (
        <li key={event.number}>
          <button
            type="button"
            aria-current={event.number === shown || undefined}
            className={event.isFailed ? 'answer-failed' : undefined}
            onClick={() => onChoose(event)}
          >
            {event.number} <time dateTime={event.at.toISOString()}>{timeOf(event.at)}</time> {event.title}
          </button>
        </li>
      ))}
    </ol>
  );
}

/** In the visitor's time zone: `14:03:09.120`. */
const timeOf = (at: Date) =>
  `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
