import { useState } from 'react';
import { useClient } from 'urql';
import { Act } from './act.tsx';
import { useAction } from './action.ts';
import { useReason } from './allowed.tsx';
import { Ban } from './ban.tsx';
import { chooseUser } from './chosen.ts';
import { copy } from './copy.ts';
import { Dialog, type Fact } from './dialog.tsx';
import { DISCONNECT, USER_KEY } from './disconnect.ts';
import { clock, count, duration, instant, whole } from './format.ts';
import type { VisitorFragment } from './gql/graphql.ts';
import { useLive } from './live.ts';
import { Menu } from './menu.tsx';
import { Message } from './message.tsx';
import { Loading, Notice, sayCopied } from './notice.tsx';
import { hrefOf } from './route.ts';
import { type Column, Table } from './table.tsx';
import { sayErrors } from './words.ts';

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
  const [chosenIds, setChosenIds] = useState<ReadonlySet<string>>(new Set());
  const [recipient, setRecipient] = useState<VisitorFragment>();
  const [ending, setEnding] = useState<readonly VisitorFragment[]>();
  const [banned, setBanned] = useState<VisitorFragment>();
  const [mayNotSee, mayNotEnd] = [useReason(['users:read']), useReason(['sessions:write'])];
  const mayNotBan = useReason(['users:read', 'users:write', 'sessions:write']);
  const [leavingIds, setLeavingIds] = useState<ReadonlySet<string>>(new Set());
  const all = [...live.sessions.values()];
  const found = all.filter(({ robloxId, placeId, jobId }) =>
    [robloxId, placeId, jobId].some((part) => part.includes(text.trim())),
  );
  // Users who have left are no longer chosen.
  const ids = [...chosenIds].filter((id) => live.sessions.has(id));
  const chosen = ids.flatMap((id) => live.sessions.get(id) ?? []);
  const copyIds = async (texts: readonly string[], noun: string) =>
    say(sayCopied(await copy(texts.join('\n')), count(texts.length, noun)));
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
          className="plain"
          disabled={chosen.length === 0}
          onClick={() =>
            copyIds(
              chosen.map(({ robloxId }) => robloxId),
              'Roblox id',
            )
          }
        >
          Copy {chosen.length > 0 ? chosen.length : ''} chosen
        </button>
        <Act
          needs={['sessions:write']}
          className="danger"
          isDisabled={isBusy || chosen.length === 0}
          onClick={() => end(chosen)}
        >
          Disconnect {chosen.length > 0 ? chosen.length : ''} chosen
        </Act>
      </div>
      {live.asOf && found.length === 0 && (
        <p className="quiet">
          {text
            ? 'No user matches.'
            : 'No users are connected. They appear here when they execute the script.'}
        </p>
      )}
      {!live.asOf && !live.delay && !over && <Loading />}
      {found.length > 0 && (
        <Table
          name={`${scriptName} sessions`}
          className="sessions"
          rows={found}
          idOf={({ id }) => id}
          columns={columnsOf(leavingIds)}
          classOf={({ id }) => (leavingIds.has(id) ? 'leaving' : undefined)}
          page={PAGE}
          choice={{
            ids: new Set(ids),
            most: MOST_CHOSEN,
            labelOf: ({ robloxId }) => `Choose ${robloxId}`,
            isDisabled: ({ id }) => leavingIds.has(id),
            onChange: setChosenIds,
          }}
          actions={(session) => (
            <Menu
              label={`Actions for ${session.robloxId}`}
              items={[
                { label: 'User', reason: mayNotSee, onChoose: () => showUser(session.id) },
                { label: 'Message', reason: mayNotEnd, onChoose: () => setRecipient(session) },
                { label: 'Copy Roblox id', onChoose: () => copyIds([session.robloxId], 'Roblox id') },
                { label: 'Copy session id', onChoose: () => copyIds([session.id], 'session id') },
                {
                  label: 'Disconnect',
                  isDanger: true,
                  isDisabled: leavingIds.has(session.id),
                  reason: mayNotEnd,
                  onChoose: () => end([session]),
                },
                {
                  label: 'Ban and disconnect',
                  isDanger: true,
                  isDisabled: leavingIds.has(session.id),
                  reason: mayNotBan,
                  onChoose: () => setBanned(session),
                },
              ]}
            />
          )}
        />
      )}
      {recipient && (
        <Message session={recipient} scriptName={scriptName} onClose={() => setRecipient(undefined)} />
      )}
      {banned && (
        <Ban
          session={banned}
          scriptId={scriptId}
          scriptName={scriptName}
          onClose={(done) => {
            setBanned(undefined);
            if (done === undefined) return;
            mark([banned], true);
            say({ isGood: true, text: done });
          }}
        />
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
          <p>A disconnected user can connect again. “Ban and disconnect” prevents that.</p>
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

const columnsOf = (leavingIds: ReadonlySet<string>): readonly Column<VisitorFragment>[] => [
  {
    name: 'Roblox id',
    value: ({ robloxId }) => robloxId,
    show: ({ id, robloxId }) => (
      <>
        <a
          href={`https://www.roblox.com/users/${encodeURIComponent(robloxId)}/profile`}
          target="_blank"
          rel="noreferrer"
          title="The profile at Roblox"
        >
          {robloxId}
        </a>
        {leavingIds.has(id) && <span className="badge">leaving</span>}
      </>
    ),
  },
  { name: 'Place', value: ({ placeId }) => placeId },
  {
    name: 'Server',
    value: ({ jobId }) => jobId,
    show: ({ jobId }) => <span title={jobId}>{jobId.slice(0, 8)}</span>,
  },
  {
    name: 'For',
    value: ({ createdAt }) => Date.now() - Date.parse(createdAt),
    csv: ['Connected since', ({ createdAt }) => createdAt],
    show: ({ createdAt }) => (
      <time dateTime={createdAt}>{duration(Math.max(0, Date.now() - Date.parse(createdAt)))}</time>
    ),
  },
];
