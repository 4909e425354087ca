import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import type { Tab } from '../page-options.ts';
import { Footer, type FooterProps } from './footer.tsx';
import type { Fetcher } from './send.ts';
import type { SharedTab } from './share.ts';
import type { TextStorage } from './storage.ts';

interface AppProps extends Pick<FooterProps, 'runs' | 'secretKey'> {
  readonly tabs: readonly Tab[];
  /** The tab that the address asked for. */
  readonly shared: SharedTab | undefined;
  readonly fetcher: Fetcher;
  readonly storage: TextStorage;
}

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

/** GraphiQL with what the gateway adds to it. */
export function App({ tabs, shared, fetcher, storage, runs, secretKey }: AppProps) {
  const opened = shared && { query: shared.query, variables: shared.variables ?? '' };
  return (
    <GraphiQL
      fetcher={fetcher as never}
      storage={storage as never}
      plugins={PLUGINS}
      defaultTabs={[...(opened ? [opened] : []), ...tabs]}
      initialQuery={opened?.query}
      initialVariables={opened?.variables}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <span className="logo-name">LuaAuth</span>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <Footer runs={runs} secretKey={secretKey} operationName={shared?.operationName} />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}
