import { useState } from 'react';
import { changesOf, typed, UNREAD, useAction } from './action.ts';
import { Dialog, EndInput } from './dialog.tsx';
import { endOf, instant } from './format.ts';
import type { LicenceFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { type OfUser, sayEnd } from './licence.ts';

const EDIT = graphql(/* GraphQL */ `
  mutation EditUser($input: EditUserInput!) {
    result: editUser(input: $input) {
      __typename
      ... on EditUserSuccess {
        user {
          ...Licence
        }
      }
      ...RefusalParts
    }
  }
`);

const DAY_MS = 86_400_000;
const MOST_DAYS = 36_500;

/** Ways to set the end of a key. */
const WAYS = [
  ['keep', 'Leave the end as it is'],
  ['days', 'Extend by days'],
  ['date', 'Set a date'],
  ['never', 'Never expire'],
] as const;
type Way = (typeof WAYS)[number][0];

export function EditUser({ licenceKey: key, user, onClose }: OfUser) {
  const { run, isBusy, outcome } = useAction(EDIT);
  const [way, setWay] = useState<Way>('keep');
  const [days, setDays] = useState('30');
  const save = async (form: FormData) => {
    const { discordId = null, keyExpiresAt = null } = user;
    // A field of text has its line breaks as the browser writes them.
    const note = user.note?.replaceAll('\r\n', '\n') ?? null;
    const ends = {
      keep: () => keyExpiresAt,
      days: () => extended(user, days),
      date: () => new Date(String(form.get('date'))).toISOString(),
      never: () => null,
    };
    const input = changesOf(
      { discordId, note, keyExpiresAt },
      {
        discordId: typed(form, 'discordId', discordId) || null,
        note: typed(form, 'note', note) || null,
        keyExpiresAt: ends[way](),
      },
    );
    const done = await run({ input: { key, ...input } }, (result) => {
      const after = result.__typename === 'EditUserSuccess' ? result.user : undefined;
      return after ? `User ${endOf(key)}: ${sayChanges(after, Object.keys(input))}.` : UNREAD;
    });
    if (done) onClose(done.text);
  };
  return (
    <Dialog
      title={`Edit user ${endOf(key)}`}
      facts={[
        ['Key', endOf(key)],
        ['Key expires', sayEnd(user.keyExpiresAt)],
      ]}
      submit="Save"
      isBusy={isBusy}
      outcome={outcome}
      onSubmit={save}
      onClose={onClose}
    >
      <fieldset>
        <legend>End of the key</legend>
        {WAYS.filter(([name]) => name !== 'days' || user.keyExpiresAt).map(([name, label]) => (
          <label key={name} className="check">
            <input type="radio" name="way" checked={way === name} onChange={() => setWay(name)} />
            {label}
          </label>
        ))}
      </fieldset>
      {way === 'days' && (
        <div>
          <label>
            Days
            <input
              type="number"
              min={1}
              max={MOST_DAYS}
              required
              value={days}
              onChange={({ target }) => setDays(target.value)}
            />
          </label>
          <output className="quiet">{sayExtended(user, days)}</output>
        </div>
      )}
      {way === 'date' && <EndInput label="Expires" name="date" isRequired />}
      <label>
        Discord id
        <input
          name="discordId"
          defaultValue={user.discordId ?? ''}
          inputMode="numeric"
          pattern="\s*\d{5,20}\s*"
          title="The digits of a Discord id, 5 to 20 of them"
          autoComplete="off"
          placeholder="not linked"
        />
      </label>
      <label>
        Note
        <textarea name="note" rows={2} maxLength={255} defaultValue={user.note ?? ''} placeholder="none" />
      </label>
    </Dialog>
  );
}

/** Days count from the end of the key, or from now if the key has expired. */
function extended({ keyExpiresAt }: LicenceFragment, days: string): string | null {
  if (!keyExpiresAt) return null;
  return new Date(Math.max(Date.parse(keyExpiresAt), Date.now()) + Number(days) * DAY_MS).toISOString();
}

function sayExtended(user: LicenceFragment, days: string): string {
  const isDays = Number(days) >= 1 && Number(days) <= MOST_DAYS;
  const end = isDays && extended(user, days);
  return end ? `New end: ${instant(end)}` : '';
}

const SAID: Readonly<Record<string, (user: LicenceFragment) => string>> = {
  discordId: ({ discordId }) => `Discord id ${discordId ?? 'none'}`,
  keyExpiresAt: ({ keyExpiresAt }) => `key expires ${sayEnd(keyExpiresAt)}`,
  note: ({ note }) => `note ${note ? `“${note}”` : 'none'}`,
};

const sayChanges = (user: LicenceFragment, fields: readonly string[]): string =>
  fields.map((field) => SAID[field]?.(user)).join(', ');
