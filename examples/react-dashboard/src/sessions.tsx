import { useState } from 'react';
import { useClient } from 'urql';
import { useAction } from './action.ts';
import { clock, duration, whole } from './format.ts';
import type { VisitorFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { useLive } from './live.ts';
import { Message } from './message.tsx';
import { Notice } from './notice.tsx';
import { hrefOf } from './route.ts';
import { chooseUser } from './users.tsx';
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

/** The users connected to a script, as they come and go, and what can be done about them. */
export function Sessions({ scriptId }: { readonly scriptId: string }) {
  const { live, over } = useLive(scriptId);
  const { run, isBusy, outcome, say } = useAction(DISCONNECT);
  const client = useClient();
  const [text, setText] = useState('');
  const [shownCount, setShownCount] = useState(PAGE);
  const [chosenIds, setChosenIds] = useState<ReadonlySet<string>>(new Set());
  const [recipient, setRecipient] = useState<VisitorFragment>();
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
  const disconnect = async (those: readonly string[]) => {
    const who = those.length === 1 ? '1 session' : `${those.length} sessions`;
    if (!confirm(`Disconnect ${who}? A user can connect again; a blacklist prevents that.`)) return;
    if (await run({ input: { ids: [...those] } }, `Disconnected ${who}.`)) setChosenIds(new Set());
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
      <Notice outcome={outcome} />
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
          onClick={() => disconnect(ids)}
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
                onDisconnect={() => disconnect([session.id])}
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
      {recipient && <Message session={recipient} onClose={() => setRecipient(undefined)} />}
    </section>
  );
}

function sayLive(asOf: string | undefined, delay: string | undefined, over: string | undefined): string {
  if (over) return over;
  if (delay) return asOf ? `As of ${clock(asOf)}: ${delay}` : delay;
  return asOf ? `Live, as of ${clock(asOf)}` : 'Connecting …';
}

interface RowProps {
  readonly session: VisitorFragment;
  readonly isChosen: boolean;
  readonly onChosen: (isChosen: boolean) => void;
  readonly onUser: () => void;
  readonly onMessage: () => void;
  readonly onDisconnect: () => void;
}

function Row({ session, isChosen, onChosen, onUser, onMessage, onDisconnect }: RowProps) {
  const { robloxId, placeId, jobId, createdAt } = session;
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={`Choose ${robloxId}`}
          checked={isChosen}
          onChange={({ target }) => onChosen(target.checked)}
        />
      </td>
      <td>
        <b>{robloxId}</b>
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
        <button type="button" className="danger" onClick={onDisconnect}>
          Disconnect
        </button>
      </td>
    </tr>
  );
}
