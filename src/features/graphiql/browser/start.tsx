import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import type { PageOptions } from '../../../http/graphiql-options.ts';
import { Footer } from './footer.tsx';
import { KeyBar, PlanButton, RunKeys } from './key-bar.tsx';
import { buildRequest, type UpstreamMode } from './request.ts';
import { createRuns } from './runs.ts';
import { createFetcher } from './send.ts';
import { openStorage, reopenTab, withoutHeaders } from './storage.ts';

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

function start(root: HTMLElement, page: PageOptions): void {
  const { credential, tabs } = page;
  const storage = openStorage();
  reopenTab(storage);
  let key = credential?.publicKey ?? '';
  let mode: UpstreamMode = 'report';
  const runs = createRuns();
  // Relative to the page, wherever a proxy serves it. Not the page's own address, because a POST there would remove the
  // page from the browser's cache.
  const url = new URL('graphql/', location.href).href;
  const fetcher = createFetcher({
    build: (operation, typedHeaders) => buildRequest({ url, operation, typedHeaders, credential, key, mode }),
    onSend: runs.begin,
  });
  // GraphiQL calls the fetcher before its function `run` returns.
  const plan = (send: () => void) => {
    mode = 'plan';
    send();
    mode = 'report';
  };
  createRoot(root).render(
    <>
      <KeyBar
        page={page}
        onKey={(typed) => {
          key = typed;
        }}
      />
      <GraphiQL
        fetcher={fetcher as never}
        storage={withoutHeaders(storage)}
        plugins={PLUGINS}
        defaultTabs={[...tabs]}
        defaultEditorToolsVisibility="variables"
        shouldPersistHeaders={false}
        inputValueDeprecation
        schemaDescription
      >
        <GraphiQL.Logo>LuaAuth</GraphiQL.Logo>
        <GraphiQL.Toolbar>
          {({ prettify, merge, copy }) => (
            <>
              <RunKeys />
              <PlanButton plan={plan} />
              {prettify}
              {merge}
              {copy}
            </>
          )}
        </GraphiQL.Toolbar>
        <GraphiQL.Footer>
          <Footer runs={runs} />
        </GraphiQL.Footer>
      </GraphiQL>
    </>,
  );
}

const root = document.getElementById('root');
if (root) start(root, JSON.parse(document.getElementById('page-options')?.textContent ?? ''));
