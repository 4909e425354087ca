import { LRUCache } from 'lru-cache';
import type { PageSizes } from './port.ts';

const MAX_REMEMBERED = 10_000;

export function createPageSizesInMemory(): PageSizes {
  const sizes = new LRUCache<string, number>({ max: MAX_REMEMBERED });
  const longest = (account: string, endpoint: string) => sizes.get(`${account} ${endpoint}`) ?? 0;
  return {
    longest,
    note(account, endpoint, rows) {
      if (rows > longest(account, endpoint)) sizes.set(`${account} ${endpoint}`, rows);
    },
  };
}
