import { useSyncExternalStore } from 'react';
import { useSettings } from './settings.ts';

/** The page that the address names: what it is called, and the id that it is about. No key is ever part of it. */
export interface Route {
  readonly page: string;
  readonly id: string;
}

/** The pages of each gateway, with their titles. */
const PAGES = [
  ['projects', 'Projects'],
  ['users', 'Users'],
  ['ads', 'Ad systems'],
] as const;

const REQUESTS = ['requests', 'Requests'] as const;

/** The pages that this gateway has. */
export function usePages(): readonly (readonly [page: string, title: string])[] {
  return useSettings()?.hasRequests ? [...PAGES, REQUESTS] : PAGES;
}

const subscribe = (listener: () => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const [, page = '', id = ''] = hash.split('/');
  return { page: page || 'projects', id: decode(id) };
}

/** An address may be cut short, or written by hand: what is no id is the gateway's to say. */
function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

export const hrefOf = (page: string, id?: string): string =>
  id === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(id)}`;
