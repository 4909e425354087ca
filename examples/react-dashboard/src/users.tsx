import { useState } from 'react';
import { useQuery } from 'urql';
import { useAction } from './action.ts';
import { instant, whole } from './format.ts';
import type { LicenceFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { Failures, Loading, Notice } from './notice.tsx';

const USER = graphql(/* GraphQL */ `
  query User($key: ID!) {
    user(key: $key) {
      ...Licence
    }
  }

  fragment Licence on User {
    id
    discordId
    executor
    executions
    keyExpiresAt
    lastResetAt
    totalFingerprintResets
    fingerprintAssigned
    note
    blacklist {
      reason
      expiresAt
    }
  }
`);

const BLACKLIST = graphql(/* GraphQL */ `
  mutation Blacklist($input: BlacklistUserInput!) {
    result: blacklistUser(input: $input) {
      __typename
      ... on BlacklistUserSuccess {
        user {
          ...Licence
        }
      }
      ...RefusalParts
    }
  }
`);

const UNBLACKLIST = graphql(/* GraphQL */ `
  mutation Unblacklist($input: UnblacklistUserInput!) {
    result: unblacklistUser(input: $input) {
      __typename
      ... on UnblacklistUserSuccess {
        user {
          ...Licence
        }
      }
      ...RefusalParts
    }
  }
`);

let chosenKey = '';

/** The user that the page of users shows next. A key is a secret, so it is in no address. */
export const chooseUser = (key: string): void => {
  chosenKey = key;
};

export function Users() {
  const [key, setKey] = useState(chosenKey);
  const look = (form: FormData) => {
    chosenKey = String(form.get('key')).trim();
    setKey(chosenKey);
  };
  return (
    <>
      <h1>Users</h1>
      <form className="card line" action={look}>
        <label>
          Licence key
          <input name="key" type="password" required autoComplete="off" spellCheck={false} />
        </label>
        <button type="submit">Look up</button>
      </form>
      {key === '' ? (
        <p className="quiet">
          A user is a licence key. LuaAuth finds one by the key only: it lists no users, and knows none by a
          Discord id. From a session on the page of a script it is one press.
        </p>
      ) : (
        <User key={key} licenceKey={key} />
      )}
    </>
  );
}

/** One for each key: while another is asked for, urql would go on giving the user of the one before. */
function User({ licenceKey }: { readonly licenceKey: string }) {
  const [{ data, error, fetching }] = useQuery({ query: USER, variables: { key: licenceKey } });
  return (
    <>
      {fetching && !data && <Loading />}
      <Failures error={error} />
      {data?.user && <Licence licenceKey={licenceKey} user={data.user} />}
    </>
  );
}

function Licence({ licenceKey, user }: { readonly licenceKey: string; readonly user: LicenceFragment }) {
  const { blacklist } = user;
  const hasExpired = user.keyExpiresAt != null && Date.parse(user.keyExpiresAt) < Date.now();
  const facts: readonly (readonly [string, string])[] = [
    ['Discord id', user.discordId ?? 'none'],
    ['Executions', whole(user.executions)],
    ['Executor', user.executor ?? 'unknown'],
    ['Key expires', user.keyExpiresAt ? instant(user.keyExpiresAt) : 'never'],
    ['Fingerprint', user.fingerprintAssigned ? 'assigned' : 'none'],
    ['Resets', whole(user.totalFingerprintResets)],
    ['Last reset', user.lastResetAt ? instant(user.lastResetAt) : 'never'],
    ['Note', user.note ?? 'none'],
  ];
  return (
    <section className="card" aria-label="User">
      <div className="title">
        <h2>User</h2>
        <p className="badges">
          {blacklist && <span className="badge bad">Blacklisted</span>}
          {hasExpired && <span className="badge bad">Expired</span>}
          {!blacklist && !hasExpired && <span className="badge good">May execute</span>}
        </p>
      </div>
      <dl className="facts">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <BlacklistForm licenceKey={licenceKey} blacklist={blacklist} />
    </section>
  );
}

interface BlacklistFormProps {
  readonly licenceKey: string;
  readonly blacklist: LicenceFragment['blacklist'];
}

function BlacklistForm({ licenceKey: key, blacklist }: BlacklistFormProps) {
  const add = useAction(BLACKLIST);
  const remove = useAction(UNBLACKLIST);
  const [latest, setLatest] = useState<'add' | 'remove'>();
  const outcome = { add, remove }[latest ?? 'add'].outcome;
  const blacklistThem = (form: FormData) => {
    setLatest('add');
    const [reason, until] = [String(form.get('reason')).trim(), String(form.get('until'))];
    void add.run(
      {
        input: {
          key,
          ...(reason && { reason }),
          ...(until && { expiresAt: new Date(until).toISOString() }),
        },
      },
      'Blacklisted.',
    );
  };
  if (!blacklist) {
    return (
      <form
        className="part"
        action={blacklistThem}
        onSubmit={(event) => {
          if (!confirm('Blacklist this user? LuaAuth also bars the address that they come from.'))
            event.preventDefault();
        }}
      >
        <h3>Blacklist</h3>
        <p className="quiet">
          The user can no longer execute; LuaAuth also bars the address that they come from.
        </p>
        <div className="line">
          <label>
            Reason
            <input name="reason" maxLength={255} autoComplete="off" />
          </label>
          <label>
            Until
            <input name="until" type="datetime-local" />
          </label>
          <button type="submit" className="danger" disabled={add.isBusy}>
            Blacklist
          </button>
        </div>
        <p className="quiet">Without an end it is for good.</p>
        <Notice outcome={outcome} />
      </form>
    );
  }
  const { reason, expiresAt } = blacklist;
  return (
    <div className="part">
      <h3>Blacklist</h3>
      <p>
        {reason ? `For “${reason}”, ` : 'Without a reason, '}
        {expiresAt ? `until ${instant(expiresAt)}.` : 'for good.'}
      </p>
      <button
        type="button"
        disabled={remove.isBusy}
        onClick={() => {
          setLatest('remove');
          void remove.run({ input: { key } }, 'No longer blacklisted.');
        }}
      >
        Take off the blacklist
      </button>
      <Notice outcome={outcome} />
    </div>
  );
}
