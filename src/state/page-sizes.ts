import { createBoundedCache } from './memory.ts';

const MAX_PAGE_SIZES = 10_000;

/** The API may lower its cap while the gateway runs. A page size learnt earlier would then end lists early. */
const PAGE_SIZE_KEPT_MS = 10 * 60_000;

export type PageSizes = ReturnType<typeof createPageSizes>;

/**
 * The longest page that an endpoint gave an account in the last 10 minutes. The API does not document its largest
 * `limit`, but it is at least as long as this page. A page with fewer rows than this page and than its own `limit` is
 * the end of its list.
 */
export function createPageSizes(now: () => number) {
  const sizes = createBoundedCache<{ readonly rows: number; readonly notedAt: number }>(MAX_PAGE_SIZES);
  const longest = (account: string, endpoint: string): number => {
    const size = sizes.get(`${account} ${endpoint}`);
    return size && now() - size.notedAt < PAGE_SIZE_KEPT_MS ? size.rows : 0;
  };
  return {
    longest,
    note(account: string, endpoint: string, rows: number): void {
      if (rows >= longest(account, endpoint)) sizes.set(`${account} ${endpoint}`, { rows, notedAt: now() });
    },
  };
}
