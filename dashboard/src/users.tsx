import { useState } from 'react';
import { useQuery } from 'urql';
import { Act } from './act.tsx';
import { useReason } from './allowed.tsx';
import { Blacklist, TakeOff } from './blacklist.tsx';
import { chooseUser, useChosenKey } from './chosen.ts';
import { type Fact, Facts } from './dialog.tsx';
import { EditUser } from './edit-user.tsx';
import { endOf, instant, whole } from './format.ts';
import type { LicenceFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { Id } from './id.tsx';
import { sayBlacklist, sayEnd } from './licence.ts';
import { Failures, Loading, Notice } from './notice.tsx';
import { useTitle } from './title.ts';

const USER = graphql(/* GraphQL */ `
  query User($key: ID!) {
    user(key: $key) {
      ...Licence
    }
  }
`);

const USERS_OF_DISCORD = graphql(/* GraphQL */ `
  query UsersOfDiscord($discordId: ID!) {
    usersByDiscordId(discordId: $discordId) {
      key
      ...Licence
    }
  }
`);

/** Licence keys have letters as well. */
const isDiscordId = (text: string): boolean => /^\d{17,20}$/.test(text);

export function Users() {
  const key = useChosenKey();
  const reason = useReason(['users:read']);
  const look = (form: FormData) => chooseUser(String(form.get('key')).trim());
  useTitle('Users');
  return (
    <>
      <h1>Users</h1>
      <form className="card line" action={look}>
        <label>
          Licence key or Discord id
          <input name="key" type="password" required autoComplete="off" spellCheck={false} />
        </label>
        <button type="submit" disabled={reason !== undefined}>
          Look up
        </button>
      </form>
      {reason ? (
        <p>This key does not show users. {reason}</p>
      ) : key === '' ? (
        <p className="quiet">
          A user is a licence key. LuaAuth has no list of users, and finds a user by the key only. A Discord
          id is found if the operator of this gateway has a table of Discord ids. Or open the page of a
          script: each of its sessions leads to its user.
        </p>
      ) : isDiscordId(key) ? (
        <UsersOfDiscord key={key} discordId={key} />
      ) : (
        <User key={key} licenceKey={key} />
      )}
    </>
  );
}

function UsersOfDiscord({ discordId }: { readonly discordId: string }) {
  const [{ data, error, fetching }, refresh] = useQuery({
    query: USERS_OF_DISCORD,
    variables: { discordId },
  });
  const users = data?.usersByDiscordId?.filter((user) => user !== null);
  return (
    <>
      {fetching && !data && <Loading />}
      <Failures error={error} isBusy={fetching} onRetry={refresh} />
      {users?.length === 0 && !error && (
        <p>The table of this gateway has no licence key for the Discord id {discordId}.</p>
      )}
      {users?.map((user) => (
        <Licence key={user.id} licenceKey={user.key} user={user} />
      ))}
    </>
  );
}

/** Has the licence key as its React key: else urql shows the user before while it asks for the next. */
function User({ licenceKey }: { readonly licenceKey: string }) {
  const [{ data, error, fetching }, refresh] = useQuery({ query: USER, variables: { key: licenceKey } });
  return (
    <>
      {fetching && !data && <Loading />}
      <Failures error={error} isBusy={fetching} onRetry={refresh} />
      {data?.user && <Licence licenceKey={licenceKey} user={data.user} />}
    </>
  );
}

const DIALOGS = { edit: EditUser, blacklist: Blacklist, takeOff: TakeOff };

function Licence({ licenceKey, user }: { readonly licenceKey: string; readonly user: LicenceFragment }) {
  const [opened, setOpened] = useState<keyof typeof DIALOGS>();
  const [done, setDone] = useState<string>();
  const { blacklist } = user;
  const hasExpired = user.keyExpiresAt != null && Date.parse(user.keyExpiresAt) < Date.now();
  const facts: readonly Fact[] = [
    ['Discord id', user.discordId ? <Id value={user.discordId} what="Discord id" /> : 'none'],
    ['Executions', whole(user.executions)],
    ['Executor', user.executor ?? 'unknown'],
    ['Key expires', sayEnd(user.keyExpiresAt)],
    ['Fingerprint', user.fingerprintAssigned ? 'assigned' : 'none'],
    ['Resets', whole(user.totalFingerprintResets)],
    ['Last reset', user.lastResetAt ? instant(user.lastResetAt) : 'never'],
    ['Note', user.note ?? 'none'],
  ];
  const open = (dialog: keyof typeof DIALOGS) => () => {
    setDone(undefined);
    setOpened(dialog);
  };
  const Opened = opened && DIALOGS[opened];
  const name = `User ${endOf(licenceKey)}`;
  return (
    <section className="card" aria-label={name}>
      <div className="title">
        <h2>{name}</h2>
        <p className="badges">
          {blacklist && <span className="badge bad">Blacklisted</span>}
          {hasExpired && <span className="badge bad">Expired</span>}
          {!blacklist && !hasExpired && <span className="badge good">May execute</span>}
        </p>
      </div>
      {done && <Notice outcome={{ isGood: true, text: done }} />}
      <Facts facts={facts} />
      <div className="part">
        {blacklist && <p>Blacklisted {sayBlacklist(blacklist)}</p>}
        <div className="line">
          <Act needs={['users:write']} onClick={open('edit')}>
            Edit or extend
          </Act>
          {blacklist ? (
            <Act needs={['users:write']} className="plain" onClick={open('takeOff')}>
              Take off the blacklist
            </Act>
          ) : (
            <Act needs={['users:write']} className="danger" onClick={open('blacklist')}>
              Blacklist
            </Act>
          )}
        </div>
      </div>
      {Opened && (
        <Opened
          licenceKey={licenceKey}
          user={user}
          onClose={(text) => {
            setOpened(undefined);
            if (text) setDone(text);
          }}
        />
      )}
    </section>
  );
}
