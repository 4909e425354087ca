import type { PageSizes } from '../port.ts';
import { NOTE_PAGE_SIZE, READ_PAGE_SIZE } from './lua/page-size.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreAccounts } from './store-account.ts';

/** As long as in memory. */
const KEEP_MS = 10 * 60_000;
/** Not every page is worth a command. */
const TELL_EVERY_MS = 60_000;

/** What any process has seen of the longest pages. */
export function createPageSizesInRedis(link: RedisLink, accounts: StoreAccounts, own: PageSizes): PageSizes {
  const told: Record<string, { readonly rows: number; readonly at: number } | undefined> =
    Object.create(null);
  let count = 0;
  const placeOf = (name: string, endpoint: string) => {
    const account = accounts.of(name);
    return account.key(`page-${account.vault.name(endpoint)}`);
  };

  return {
    note(account, endpoint, rows) {
      void own.note(account, endpoint, rows);
      const place = placeOf(account, endpoint);
      const last = told[place];
      if (last && last.rows >= rows && (last.rows > rows || link.now() - last.at < TELL_EVERY_MS)) return;
      if (last === undefined && ++count > MAX_TOLD) {
        for (const known of Object.keys(told)) delete told[known];
        count = 1;
      }
      told[place] = { rows, at: link.now() };
      link.run(NOTE_PAGE_SIZE, [place], [rows, KEEP_MS]).catch(() => undefined);
    },
    async longest(account, endpoint) {
      const known = own.longest(account, endpoint);
      try {
        const rows = (await link.run(READ_PAGE_SIZE, [placeOf(account, endpoint)], [])) as number;
        return Math.max(rows, await known);
      } catch {
        return known;
      }
    },
  };
}

const MAX_TOLD = 10_000;
