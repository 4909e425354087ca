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
      }
    }
  }
`);

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
  const found = await client.query(USER_KEY, { id: session.id }, fresh).toPromise();
  if (found.error) return failed(sayErrors(found.error).join(' '));
  const key = found.data?.session?.userKey;
  if (!key) return failed('This user has no licence key to ban: the script is free for all.');

  const banned = await client.mutation(BLACKLIST, { input: { key, ...end } }).toPromise();
  if (!banned.data) return failed(banned.error ? sayErrors(banned.error).join(' ') : 'Nothing was done.');
  const { result } = banned.data;
  const refusal = sayRefusal(result);
  if (refusal !== undefined && result.__typename !== 'AlreadyBlacklisted') return failed(refusal);

  const name = `User ${endOf(key)} is ${refusal === undefined ? 'banned' : 'already banned'}`;
  const others = await client.query(SESSIONS_OF_KEY, { scriptId, key }, fresh).toPromise();
  const nodes = others.data?.script?.sessions?.nodes ?? [];
  const ids = [...new Set([session.id, ...nodes.map(({ id }) => id)])].slice(0, 100);
  const ended = await client.mutation(DISCONNECT, { input: { ids } }).toPromise();
  const problem = ended.data
    ? sayRefusal(ended.data.result)
    : ended.error && sayErrors(ended.error).join(' ');
  if (problem !== undefined) return failed(`${name}, but not disconnected. ${problem}`);
  return { isGood: true, text: `${name}. LuaAuth disconnected ${count(ids.length, 'session')}.` };
}
