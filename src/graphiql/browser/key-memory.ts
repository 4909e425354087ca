const NAME = 'luaauth-graphql:key';

/** Remembers the key in this window alone, and only if asked to. */
export interface KeyMemory {
  /** Undefined: it was not asked to. */
  recall(): string | undefined;
  /** Undefined: forgets. */
  remember(key: string | undefined): void;
}

export function createKeyMemory(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): KeyMemory {
  return {
    recall: () => storage.getItem(NAME) ?? undefined,
    remember(key) {
      if (key === undefined) storage.removeItem(NAME);
      else storage.setItem(NAME, key);
    },
  };
}
