import type { AcceptedAccounts } from '../../state/port.ts';
import type { AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

const KEPT_MS = 30 * 24 * 3_600_000;
const ACCEPTED = 'accepted';

/**
 * Accounts that the API accepted in the last 30 days. Only the account's key can seal its entry, so other writers to Redis
 * cannot forge an entry.
 */
export function createAcceptedInRedis(link: RedisLink, accounts: AccountKeyspaces): AcceptedAccounts {
  return {
    async has(name) {
      const { encryption, key } = accounts.of(name);
      const at = key('accepted');
      const sealed = (await link.send('GET', at).catch(() => null)) as Buffer | null;
      return sealed !== null && encryption.open(sealed, at) === ACCEPTED;
    },
    add(name) {
      const { encryption, key } = accounts.of(name);
      const at = key('accepted');
      link.send('SET', at, encryption.seal(ACCEPTED, at), 'PX', KEPT_MS).catch(() => undefined);
    },
  };
}
