/** GraphiQL would copy what is typed into the address bar, and from there it would reach access logs. */
export function keepAddress(): void {
  history.replaceState = () => {};
}

/** GraphiQL takes a visitor back to the tab that holds the query last edited; without one it opens an empty tab each time. */
export function reopenTab(storage: Pick<Storage, 'getItem' | 'setItem'>): void {
  try {
    const { tabs, activeTabIndex } = JSON.parse(storage.getItem('graphiql:tabState') ?? '');
    for (const name of ['query', 'variables']) {
      storage.setItem(`graphiql:${name}`, tabs[activeTabIndex][name] ?? '');
    }
  } catch {
    // Nothing was kept, or by another version: the page begins anew.
  }
}
