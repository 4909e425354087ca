import { useState } from 'react';
import { type Client, useClient } from 'urql';
import { BLACKLIST, BlacklistFields, blacklistInput } from './blacklist.tsx';
import { Dialog } from './dialog.tsx';
import { DISCONNECT, USER_KEY } from './disconnect.ts';
import { count, endOf } from './format.ts';
import type { VisitorFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import type { Outcome } from './notice.tsx';
import { sayErrors, sayRefusal } from './words.ts';

/** The sessions of one licence key in a script. */
const SESSIONS_OF_KEY = graphql(/* GraphQL */ `
  query SessionsOfKey($scriptId: ID!, $key: String!) {
    script(id: $scriptId) {
      id
      sessions(first: 100, filter: { userKey: $key }) {
        nodes {
          id
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`);

/** A mutation takes as many, and so does a page. */
const MOST_SESSIONS = 100;

interface BanProps {
  readonly session: VisitorFragment;
  readonly scriptId: string;
  readonly scriptName: string;
  /** With a text: the user is banned and disconnected. */
  readonly onClose: (done?: string) => void;
}

/** Blacklists the user of a session, then ends the user's sessions of the script: LuaAuth does not say whether a blacklist does. */
export function Ban({ session, scriptId, scriptName, onClose }: BanProps) {
  const client = useClient();
  const [outcome, setOutcome] = useState<Outcome>();
  const [isBusy, setIsBusy] = useState(false);
  const ban = async (form: FormData) => {
    setIsBusy(true);
    setOutcome(undefined);
    const done = await banAndDisconnect(client, session, scriptId, blacklistInput(form));
    setIsBusy(false);
    if (done.isGood) onClose(done.text);
    else setOutcome(done);
  };
  return (
    <Dialog
      title={`Ban and disconnect ${session.robloxId}`}
      facts={[
        ['Roblox id', session.robloxId],
        ['Script', scriptName],
      ]}
      submit="Ban and disconnect"
      isDanger
      isBusy={isBusy}
      outcome={outcome}
      onSubmit={ban}
      onClose={onClose}
    >
      <BlacklistFields />
    </Dialog>
  );
}

async function banAndDisconnect(
  client: Client,
  session: VisitorFragment,
  scriptId: string,
  end: ReturnType<typeof blacklistInput>,
): Promise<Outcome> {
  const fresh = { requestPolicy: 'network-only' as const };
  const failed = (text: string): Outcome => ({ isGood: false, text });
  const asked = await client.query(USER_KEY, { id: session.id }, fresh).toPromise();
  if (asked.error) return failed(sayErrors(asked.error).join(' '));
  const key = asked.data?.session?.userKey;
  if (!key) return failed('This user has no licence key to ban: the script is free for all.');

  const banned = await client.mutation(BLACKLIST, { input: { key, ...end } }).toPromise();
  if (!banned.data) return failed(banned.error ? sayErrors(banned.error).join(' ') : 'Nothing was done.');
  const { result } = banned.data;
  const refusal = sayRefusal(result);
  if (refusal !== undefined && result.__typename !== 'AlreadyBlacklisted') return failed(refusal);

  const name = `User ${endOf(key)} is ${refusal === undefined ? 'banned' : 'already banned'}`;
  const others = await client.query(SESSIONS_OF_KEY, { scriptId, key }, fresh).toPromise();
  const sessions = others.data?.script?.sessions;
  const found = new Set([session.id, ...(sessions?.nodes ?? []).map(({ id }) => id)]);
  const ids = [...found].slice(0, MOST_SESSIONS);
  const ended = await client.mutation(DISCONNECT, { input: { ids } }).toPromise();
  const problem = ended.data
    ? sayRefusal(ended.data.result)
    : ended.error && sayErrors(ended.error).join(' ');
  if (problem !== undefined) return failed(`${name}, but not disconnected. ${problem}`);
  const text = `${name}. LuaAuth disconnected ${count(ids.length, 'session')}.`;
  if (others.error)
    return failed(`${text} Others may still be connected. ${sayErrors(others.error).join(' ')}`);
  const areLeft = sessions?.pageInfo.hasNextPage || found.size > ids.length;
  return areLeft ? failed(`${text} Others are still connected: do this once more.`) : { isGood: true, text };
}
