import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { copyText } from './dom.ts';
import { MAX_EVENTS, type Run, type Runs, type StreamEvent } from './runs.ts';
import { type AnswerFacts, describeFacts } from './send.ts';
import { shareLink } from './share.ts';

interface FooterProps {
  readonly runs: Runs;
  /** The key that a shared address must not contain; empty if there is none. */
  readonly secretKey: () => string;
  readonly operationName: string | undefined;
}

export function Footer({ runs, secretKey, operationName: asked }: FooterProps) {
  const { tabs, activeTabIndex, responseEditor, queryEditor, variableEditor, operations, operationName } =
    useGraphiQL((state) => state);
  const { updateActiveTabValues, setOperationName } = useGraphiQLActions();
  const tab = tabs[activeTabIndex]?.id ?? '';
  const run = useSyncExternalStore(runs.onChange, () => runs.of(tab));
  useLayoutEffect(() => {
    runs.enter(
      tab,
      tabs.map(({ id }) => id),
    );
  }, [runs, tab, tabs]);

  // A narrow window shows two of eight tabs.
  useEffect(() => {
    if (tab !== '') document.querySelector('.graphiql-tab-active')?.scrollIntoView({ inline: 'nearest' });
  }, [tab]);

  const hasChosenOperation = useRef(false);
  useEffect(() => {
    if (hasChosenOperation.current || !operations) return;
    hasChosenOperation.current = true;
    if (operations.some(({ name }) => name?.value === asked)) setOperationName(asked ?? '');
  }, [operations, asked, setOperationName]);

  const show = (event: StreamEvent | undefined) => {
    if (!event) return;
    responseEditor?.setValue(event.text);
    updateActiveTabValues({ response: event.text });
  };
  const share = () => {
    const shared = {
      query: queryEditor?.getValue() ?? '',
      variables: variableEditor?.getValue(),
      operationName: (operations?.length ?? 0) > 1 ? operationName : undefined,
    };
    const { url, hasLeftOutSecrets } = shareLink(location.href, shared, secretKey());
    return { text: url, said: hasLeftOutSecrets ? 'Copied without secrets' : 'Copied' };
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
      <AnswerBar key={tab} run={run} share={share} />
    </>
  );
}

const SAID_MS = 2_000;

interface Copied {
  readonly text: string;
  readonly said: string;
}

/** The line below an answer: facts about the last run of the current tab, and buttons to share it. */
function AnswerBar({ run, share }: { readonly run: Run | undefined; readonly share: () => Copied }) {
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
      <div className="answer-buttons">
        <CopyButton className="share" label="Share" title="Copy an address that opens this" copy={share} />
        <CopyButton
          className="copy-curl"
          label="Copy as cURL"
          title="Copy a command that runs this again"
          copy={command === undefined ? undefined : () => ({ text: command, said: 'Copied' })}
        />
      </div>
    </div>
  );
}

const classOf = (name: string, { status }: AnswerFacts) =>
  name === 'Status' && (status === undefined || status >= 400) ? 'answer-failed' : undefined;

interface CopyButtonProps {
  readonly className: string;
  readonly label: string;
  readonly title: string;
  /** Undefined if there is nothing to copy yet. */
  readonly copy: (() => Copied) | undefined;
}

function CopyButton({ className, label, title, copy }: CopyButtonProps) {
  const [said, say] = useState<string>();
  const press = async () => {
    if (!copy) return;
    const copied = copy();
    say((await copyText(copied.text)) ? copied.said : 'Not copied');
    setTimeout(() => say(undefined), SAID_MS);
  };
  return (
    <button
      type="button"
      className={`small-button ${className}`}
      title={title}
      disabled={!copy}
      onClick={press}
    >
      {said ?? label}
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
