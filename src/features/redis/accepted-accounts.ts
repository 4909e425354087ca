import type { AcceptedAccounts } from '../../state/port.ts';
import { lua } from './client.ts';
import type { AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

const KEPT_MS = 30 * 24 * 3_600_000;
const ACCEPTED = 'accepted';

const KEEP = lua('accepted', 'sealed keep_ms')`redis.call('SET', accepted, sealed, 'PX', keep_ms) return 1`;
const READ = lua('accepted', '')`return redis.call('GET', accepted) or ''`;

/**
 * Accounts that the API accepted in the last 30 days. Only the account's key can seal its entry, so other writers to Redis
 * cannot forge an entry.
 */
export function createAcceptedInRedis(link: RedisLink, accounts: AccountKeyspaces): AcceptedAccounts {
  return {
    async has(name) {
      const { encryption, key } = accounts.of(name);
      const at = key('accepted');
      const sealed = await link.offer(READ, [at], []).catch(() => '');
      return encryption.open(sealed as Buffer, at) === ACCEPTED;
    },
    add(name) {
      const { encryption, key } = accounts.of(name);
      const at = key('accepted');
      link.offer(KEEP, [at], [encryption.seal(ACCEPTED, at), KEPT_MS]).catch(() => undefined);
    },
  };
}
