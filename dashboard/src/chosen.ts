import { useSyncExternalStore } from 'react';

let chosen = '';
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** The licence key that the page of users shows. A key is a secret, so it is in no address and no storage. */
export const useChosenKey = (): string => useSyncExternalStore(subscribe, () => chosen);

export const chooseUser = (key: string): void => {
  chosen = key;
  for (const listener of listeners) listener();
};
