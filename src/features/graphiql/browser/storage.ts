/** The browser's storage, or undefined if the browser blocks it. */
export function openStorage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

const HISTORY = /:(queries|favorites)$/;

/** Wraps the storage so that GraphiQL's history does not keep headers, which may contain keys. Without one, keeps nothing. */
export const withoutHeaders = (storage: Storage | undefined) => ({
  get length() {
    return storage?.length ?? 0;
  },
  getItem: (name: string) => storage?.getItem(name) ?? null,
  setItem: (name: string, text: string) => storage?.setItem(name, HISTORY.test(name) ? strip(text) : text),
  removeItem: (name: string) => storage?.removeItem(name),
  clear: () => storage?.clear(),
});

/** The list is the only property of an object, and each item has headers. */
const strip = (text: string) =>
  JSON.stringify(JSON.parse(text), (name, value) => (name === 'headers' ? undefined : value));

/** Lets GraphiQL reopen the last tab. GraphiQL looks for the tab of the last edited query, and otherwise opens an empty tab. */
export function reopenTab(storage: Storage | undefined): void {
  try {
    const { tabs, activeTabIndex } = JSON.parse(storage?.getItem('graphiql:tabState') ?? '');
    for (const name of ['query', 'variables']) {
      storage?.setItem(`graphiql:${name}`, tabs[activeTabIndex][name] ?? '');
    }
  } catch {
    // There is no saved state, or another version saved it.
  }
}
