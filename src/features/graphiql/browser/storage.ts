/** The part of the browser's storage that GraphiQL uses. */
export type TextStorage = Pick<Storage, 'length' | 'getItem' | 'setItem' | 'removeItem' | 'clear'>;

/** A storage of the browser; where it keeps no data of sites, one that lasts as long as the page. */
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

/** A storage for GraphiQL, whose history would keep the Headers of each operation, and so what key was typed there. */
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

/** The list is the one property of an object; every item has its headers next to its query. */
const strip = (text: string) =>
  JSON.stringify(JSON.parse(text), (name, value) => (name === 'headers' ? undefined : value));

/** GraphiQL takes a visitor back to the tab that holds the query last edited; without one it opens an empty tab each time. */
export function reopenTab(storage: Pick<Storage, 'getItem' | 'setItem'>): void {
  try {
    const { tabs, activeTabIndex } = JSON.parse(storage.getItem('graphiql:tabState') ?? '');
    for (const name of ['query', 'variables']) {
      storage.setItem(`graphiql:${name}`, tabs[activeTabIndex][name] ?? '');
    }
  } catch {
    // Nothing was kept, or by another version: the page begins without.
  }
}
