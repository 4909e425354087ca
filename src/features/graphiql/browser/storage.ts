export type TextStorage = Pick<Storage, 'length' | 'getItem' | 'setItem' | 'removeItem' | 'clear'>;

/** Returns the browser's storage. If the browser blocks it, returns a storage that lasts as long as the page. */
export function storageOf(name: 'localStorage' | 'sessionStorage'): TextStorage {
  try {
    return window[name];
  } catch {
    const texts = new Map<string, string>();
    return {
      get length() {
        return texts.size;
      },
      getItem: (name) => texts.get(name) ?? null,
      setItem: (name, text) => void texts.set(name, text),
      removeItem: (name) => void texts.delete(name),
      clear: () => texts.clear(),
    };
  }
}

const HISTORY = /:(queries|favorites)$/;

/** Wraps the storage so that GraphiQL's history does not keep headers, which may contain keys. */
export function withoutHeaders(storage: TextStorage): TextStorage {
  return {
    get length() {
      return storage.length;
    },
    getItem: (name) => storage.getItem(name),
    setItem: (name, text) => storage.setItem(name, HISTORY.test(name) ? strip(text) : text),
    removeItem: (name) => storage.removeItem(name),
    clear: () => storage.clear(),
  };
}

/** The list is the only property of an object, and each item has headers. */
const strip = (text: string) =>
  JSON.stringify(JSON.parse(text), (name, value) => (name === 'headers' ? undefined : value));

/** Lets GraphiQL reopen the last tab. GraphiQL looks for the tab of the last edited query, and otherwise opens an empty tab. */
export function reopenTab(storage: Pick<Storage, 'getItem' | 'setItem'>): void {
  try {
    const { tabs, activeTabIndex } = JSON.parse(storage.getItem('graphiql:tabState') ?? '');
    for (const name of ['query', 'variables']) {
      storage.setItem(`graphiql:${name}`, tabs[activeTabIndex][name] ?? '');
    }
  } catch {
    // There is no saved state, or another version saved it.
  }
}
