import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useLayoutEffect, useState, useSyncExternalStore } from 'react';
import { copyText } from './dom.ts';
import { MAX_EVENTS, type Run, type Runs, type StreamEvent } from './runs.ts';
import { type AnswerFacts, describeFacts } from './send.ts';

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

  const show = (event: StreamEvent | undefined) => {
    if (!event) return;
    responseEditor?.setValue(event.text);
    updateActiveTabValues({ response: event.text });
  };
  return (
    <>
      {run && run.events.length > 0 && (
        <EventList
          run={run}
          onPause={() => runs.pause(tab)}
          onResume={() => {
            runs.resume(tab);
            show(run.events.at(-1));
          }}
          onChoose={(event) => {
            runs.pause(tab, event.number);
            show(event);
          }}
        />
      )}
      <AnswerBar key={tab} run={run} />
    </>
  );
}

const SAID_MS = 2_000;

/** The line below an answer: facts about the last run of the current tab, and a button that copies it as a command. */
function AnswerBar({ run }: { readonly run: Run | undefined }) {
  const { facts, command } = run ?? {};
  return (
    <div className="answer-bar">
      <output className="answer-facts">
        {facts &&
          describeFacts(facts).map(({ name, text }) => (
            <span key={name} title={name} className={classOf(name, facts)}>
              {text}
            </span>
          ))}
      </output>
      <CopyButton text={command} />
    </div>
  );
}

const classOf = (name: string, { status }: AnswerFacts) =>
  name === 'Status' && (status === undefined || status >= 400) ? 'answer-failed' : undefined;

/** Copies the command of the last run. Disabled if the tab has not run anything yet. */
function CopyButton({ text }: { readonly text: string | undefined }) {
  const [said, say] = useState<string>();
  const press = async () => {
    if (text === undefined) return;
    say((await copyText(text)) ? 'Copied' : 'Not copied');
    setTimeout(() => say(undefined), SAID_MS);
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
  readonly onPause: () => void;
  readonly onResume: () => void;
  readonly onChoose: (event: StreamEvent) => void;
}

/** The events of a subscription, newest first. Pressing an event shows it. */
function EventList({ run: { events, isPaused, chosen }, onPause, onResume, onChoose }: EventListProps) {
  const count = events.at(-1)?.number ?? 0;
  const since = chosen === undefined ? 0 : count - chosen;
  const shown = chosen ?? count;
  return (
    <section className="event-list" aria-label="Events">
      <header>
        <span>
          {count === 1 ? '1 event' : `${count} events`}
          {count > MAX_EVENTS && `, the last ${MAX_EVENTS}`}
          {isPaused && (since === 0 ? ', paused' : `, paused, ${since} since`)}
        </span>
        <button
          type="button"
          className="small-button"
          title={
            isPaused ? 'Show each event as it comes' : 'Keep the shown event while further events arrive'
          }
          onClick={isPaused ? onResume : onPause}
        >
          {isPaused ? 'Resume' : 'Pause'}
        </button>
      </header>
      <ol reversed start={count}>
        {events.toReversed().map((event) => (
          <li key={event.number}>
            <button
              type="button"
              aria-current={event.number === shown || undefined}
              className={event.isFailed ? 'answer-failed' : undefined}
              onClick={() => onChoose(event)}
            >
              <span className="event-number">{event.number}</span>
              <time dateTime={event.at.toISOString()}>{timeOf(event.at)}</time>
              <span className="event-title">{event.title}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** In the visitor's time zone: `14:03:09.120`. */
function timeOf(at: Date): string {
  return `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
