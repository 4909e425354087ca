import { LRUCache } from 'lru-cache';

/**
 * The longest page that an account was ever given by an endpoint. The API's largest `limit` is not documented, but it is
 * no smaller than that: a shorter page that asked for more is the end of its list.
 */
export interface PageSizes {
  note(account: string, endpoint: string, rows: number): void;
  longest(account: string, endpoint: string): number;
}

export function createPageSizes(): PageSizes {
  const sizes = new LRUCache<string, number>({ max: 10_000 });
  const longest = (account: string, endpoint: string) => sizes.get(`${account} ${endpoint}`) ?? 0;
  return {
    longest,
    note(account, endpoint, rows) {
      if (rows > longest(account, endpoint)) sizes.set(`${account} ${endpoint}`, rows);
    },
  };
}
