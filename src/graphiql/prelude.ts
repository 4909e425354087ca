/** Runs in the page before GraphiQL does. */
export const PRELUDE = [
  // GraphiQL would copy what is typed into the address bar, and from there it would reach access logs.
  'history.replaceState = () => {};',
  // It takes a visitor back to the tab that holds the query last edited; without one it opens an empty tab each time.
  `try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'));
    for (const name of ['query', 'variables']) {
      localStorage.setItem('graphiql:' + name, tabs[activeTabIndex][name] ?? '');
    }
  } catch {}`,
].join('\n');

/** Added to the page's style. A tab would jump aside as it is pressed, so that the first click on it is lost. */
export const STYLE = '.graphiql-tab { transform: none !important; }';
