import { useState } from 'react';
import { useClient } from 'urql';
import { useAction } from './action.ts';
import { chooseUser } from './chosen.ts';
import { Dialog, type Fact } from './dialog.tsx';
import { clock, count, duration, instant, whole } from './format.ts';
import type { VisitorFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { useLive } from './live.ts';
import { Message } from './message.tsx';
import { Notice } from './notice.tsx';
import { hrefOf } from './route.ts';
import { sayErrors } from './words.ts';

const DISCONNECT = graphql(/* GraphQL */ `
  mutation Disconnect($input: DisconnectSessionsInput!) {
    result: disconnectSessions(input: $input) {
      __typename
      ...RefusalParts
    }
  }
`);

/** Asked for when somebody wants to know: the key of a user is a secret, which no list needs. One REST call. */
const USER_KEY = graphql(/* GraphQL */ `
  query UserKey($id: ID!) {
    session(id: $id) {
      id
      userKey
    }
  }
`);

/** As many as one REST call ends. */
const MOST_CHOSEN = 100;
const PAGE = 25;

interface SessionsProps {
  readonly scriptId: string;
  readonly scriptName: string;
}

/** The users connected to a script, as they come and go, and what can be done about them. */
export function Sessions({ scriptId, scriptName }: SessionsProps) {
  const { live, over } = useLive(scriptId);
  const { run, isBusy, outcome, say } = useAction(DISCONNECT);
  const client = useClient();
  const [text, setText] = useState('');
  const [shownCount, setShownCount] = useState(PAGE);
  const [chosenIds, setChosenIds] = useState<ReadonlySet<string>>(new Set());
  const [recipient, setRecipient] = useState<VisitorFragment>();
  const [ending, setEnding] = useState<readonly VisitorFragment[]>();
  const [leavingIds, setLeavingIds] = useState<ReadonlySet<string>>(new Set());
  const all = [...live.sessions.values()];
  const found = all.filter(({ robloxId, placeId, jobId }) =>
    [robloxId, placeId, jobId].some((part) => part.includes(text.trim())),
  );
  // Users who have left are no longer chosen.
  const ids = [...chosenIds].filter((id) => live.sessions.has(id));
  const choose = (id: string, isChosen: boolean) => {
    const next = new Set(ids);
    if (isChosen && next.size < MOST_CHOSEN) next.add(id);
    else next.delete(id);
    setChosenIds(next);
  };
  // LuaAuth lists a session for a while after its end.
  const mark = (those: readonly VisitorFragment[], isLeaving: boolean) =>
    setLeavingIds((before) => {
      const next = new Set([...before].filter((id) => live.sessions.has(id)));
      for (const { id } of those) isLeaving ? next.add(id) : next.delete(id);
      return next;
    });
  const end = (those: readonly VisitorFragment[]) => {
    say(undefined);
    setEnding(those);
  };
  const disconnect = async () => {
    if (!ending) return;
    mark(ending, true);
    const done = await run({ input: { ids: ending.map(({ id }) => id) } }, (result) =>
      result.__typename === 'DisconnectSessionsSuccess' ? sayEnded(ending) : '',
    );
    if (!done) return mark(ending, false);
    setEnding(undefined);
    setChosenIds(new Set());
  };
  const showUser = async (id: string) => {
    const { href } = location;
    const { data, error } = await client
      .query(USER_KEY, { id }, { requestPolicy: 'network-only' })
      .toPromise();
    // The visitor has gone on, or has signed out.
    if (location.href !== href) return;
    const key = data?.session?.userKey;
    if (error) return say({ isGood: false, text: sayErrors(error).join(' ') });
    if (!key)
      return say({ isGood: false, text: 'This user has no licence key: the script is free for all.' });
    chooseUser(key);
    location.hash = hrefOf('users');
  };
  return (
    <section className="card" aria-label="Live sessions">
      <div className="title">
        <h2>
          Connected now <span className="count">{live.asOf ? whole(all.length) : '…'}</span>
          {!live.isComplete && <span className="quiet"> of more</span>}
        </h2>
        <p className={live.delay || over ? 'live late' : 'live'} role="status">
          {sayLive(live.asOf, live.delay, over)}
        </p>
      </div>
      {!ending && <Notice outcome={outcome} />}
      <div className="line">
        <label>
          Find
          <input
            value={text}
            onChange={({ target }) => setText(target.value)}
            inputMode="numeric"
            placeholder="Roblox id, place or server"
          />
        </label>
        <button
          type="button"
          className="danger"
          disabled={isBusy || ids.length === 0}
          onClick={() => end(ids.flatMap((id) => live.sessions.get(id) ?? []))}
        >
          Disconnect {ids.length > 0 ? ids.length : ''} chosen
        </button>
      </div>
      {live.asOf && found.length === 0 && <p className="quiet">Nobody{text && ' who matches'}.</p>}
      {found.length > 0 && (
        <table className="stacked sessions">
          <thead>
            <tr>
              <th aria-label="Chosen" />
              <th>Roblox id</th>
              <th>Place</th>
              <th>Server</th>
              <th>For</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {found.slice(0, shownCount).map((session) => (
              <Row
                key={session.id}
                session={session}
                isChosen={chosenIds.has(session.id)}
                onChosen={(isChosen) => choose(session.id, isChosen)}
                onUser={() => showUser(session.id)}
                onMessage={() => setRecipient(session)}
                isLeaving={leavingIds.has(session.id)}
                onDisconnect={() => end([session])}
              />
            ))}
          </tbody>
        </table>
      )}
      {found.length > shownCount && (
        <button type="button" className="plain" onClick={() => setShownCount(shownCount + 4 * PAGE)}>
          Show more of {whole(found.length)}
        </button>
      )}
      {recipient && (
        <Message session={recipient} scriptName={scriptName} onClose={() => setRecipient(undefined)} />
      )}
      {ending && (
        <Dialog
          title={`Disconnect ${sayWho(ending)}`}
          facts={factsOf(ending, scriptName)}
          submit="Disconnect"
          isDanger
          isBusy={isBusy}
          outcome={outcome}
          onSubmit={disconnect}
          onClose={() => setEnding(undefined)}
        >
          <p>A disconnected user can connect again. A blacklist prevents that.</p>
        </Dialog>
      )}
    </section>
  );
}

const SHOWN_IDS = 8;

const sayWho = (sessions: readonly VisitorFragment[]): string =>
  sessions.length === 1 ? `${sessions[0]?.robloxId}` : `${sessions.length} sessions`;

function factsOf(sessions: readonly VisitorFragment[], scriptName: string): Fact[] {
  const ids = sessions.slice(0, SHOWN_IDS).map(({ robloxId }) => robloxId);
  const more = sessions.length - ids.length;
  const [first] = sessions;
  return [
    ['Script', scriptName],
    [count(sessions.length, 'Roblox id'), `${ids.join(', ')}${more > 0 ? ` and ${more} more` : ''}`],
    ...(first && sessions.length === 1
      ? [['Place', first.placeId] as const, ['Connected since', instant(first.createdAt)] as const]
      : []),
  ];
}

/** LuaAuth answers for all sessions together, and does not say which of them it still had. */
const sayEnded = (sessions: readonly VisitorFragment[]): string =>
  `LuaAuth disconnected ${count(sessions.length, 'session')}. A grey row is still in its list, which may take a minute.`;

function sayLive(asOf: string | undefined, delay: string | undefined, over: string | undefined): string {
  if (over) return over;
  if (delay) return asOf ? `As of ${clock(asOf)}: ${delay}` : delay;
  return asOf ? `Live, as of ${clock(asOf)}` : 'Connecting …';
}

interface RowProps {
  readonly session: VisitorFragment;
  readonly isChosen: boolean;
  readonly isLeaving: boolean;
  readonly onChosen: (isChosen: boolean) => void;
  readonly onUser: () => void;
  readonly onMessage: () => void;
  readonly onDisconnect: () => void;
}

function Row({ session, isChosen, isLeaving, onChosen, onUser, onMessage, onDisconnect }: RowProps) {
  const { robloxId, placeId, jobId, createdAt } = session;
  return (
    <tr className={isLeaving ? 'leaving' : undefined}>
      <td>
        <input
          type="checkbox"
          disabled={isLeaving}
          aria-label={`Choose ${robloxId}`}
          checked={isChosen}
          onChange={({ target }) => onChosen(target.checked)}
        />
      </td>
      <td>
        <b>{robloxId}</b>
        {isLeaving && <span className="badge">leaving</span>}
      </td>
      <td data-label="Place">{placeId}</td>
      <td data-label="Server" title={jobId}>
        {jobId.slice(0, 8)}
      </td>
      <td data-label="For">
        <time dateTime={createdAt}>{duration(Math.max(0, Date.now() - Date.parse(createdAt)))}</time>
      </td>
      <td className="actions">
        <button type="button" className="plain" onClick={onUser}>
          User
        </button>
        <button type="button" className="plain" onClick={onMessage}>
          Message
        </button>
        <button type="button" className="danger" disabled={isLeaving} onClick={onDisconnect}>
          Disconnect
        </button>
      </td>
    </tr>
  );
}
