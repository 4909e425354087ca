import { UNREAD, useAction } from './action.ts';
import { Dialog, EndInput, type Fact } from './dialog.tsx';
import { endOf, instant } from './format.ts';
import { graphql } from './gql/index.ts';
import { type OfUser, sayBlacklist } from './licence.ts';

export const BLACKLIST = graphql(/* GraphQL */ `
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

export function Blacklist({ licenceKey: key, user, onClose }: OfUser) {
  const { run, isBusy, outcome } = useAction(BLACKLIST);
  const name = `User ${endOf(key)}`;
  const blacklist = async (form: FormData) => {
    const done = await run({ input: { key, ...blacklistInput(form) } }, (result) => {
      const after = result.__typename === 'BlacklistUserSuccess' ? result.user : undefined;
      if (!after) return UNREAD;
      return `${name} is ${after.blacklist ? `blacklisted ${sayBlacklist(after.blacklist)}` : 'still not blacklisted.'}`;
    });
    if (done) onClose(done.text);
  };
  return (
    <Dialog
      title={`Blacklist user ${endOf(key)}`}
      facts={factsOf(user, key)}
      submit="Blacklist"
      isDanger
      isBusy={isBusy}
      outcome={outcome}
      onSubmit={blacklist}
      onClose={onClose}
    >
      <BlacklistFields />
      <p className="quiet">
        LuaAuth does not say whether this ends a session. The list of a script’s sessions has “Ban and
        disconnect”.
      </p>
    </Dialog>
  );
}

/** The fields that `blacklistInput` reads. */
export function BlacklistFields() {
  return (
    <>
      <p className="quiet">The user can no longer execute. LuaAuth also blocks the IP address of the user.</p>
      <label>
        Reason
        <input name="reason" maxLength={255} autoComplete="off" />
      </label>
      <EndInput label="Until" name="until" />
      <p className="quiet">Without an end, the blacklist stays until you take the user off.</p>
    </>
  );
}

export function blacklistInput(form: FormData): { readonly reason?: string; readonly expiresAt?: string } {
  const [reason, until] = [String(form.get('reason')).trim(), String(form.get('until'))];
  return { ...(reason && { reason }), ...(until && { expiresAt: new Date(until).toISOString() }) };
}

export function TakeOff({ licenceKey: key, user, onClose }: OfUser) {
  const { run, isBusy, outcome } = useAction(UNBLACKLIST);
  const { reason, expiresAt } = user.blacklist ?? {};
  const takeOff = async () => {
    const done = await run({ input: { key } }, (result) => {
      const after = result.__typename === 'UnblacklistUserSuccess' ? result.user : undefined;
      if (!after) return UNREAD;
      return `User ${endOf(key)} is ${after.blacklist ? 'still' : 'no longer'} blacklisted.`;
    });
    if (done) onClose(done.text);
  };
  return (
    <Dialog
      title={`Take user ${endOf(key)} off the blacklist`}
      facts={[
        ...factsOf(user, key),
        ['Reason', reason ?? 'none'],
        ['Until', expiresAt ? instant(expiresAt) : 'for good'],
      ]}
      submit="Take off"
      isBusy={isBusy}
      outcome={outcome}
      onSubmit={takeOff}
      onClose={onClose}
    />
  );
}

const factsOf = ({ discordId, note }: OfUser['user'], key: string): Fact[] => [
  ['Key', endOf(key)],
  ['Discord id', discordId ?? 'none'],
  ['Note', note ?? 'none'],
];
