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
import { addPlanButton, createKeyBar } from './controls.ts';
import { Footer } from './footer.tsx';
import { buildRequest, toCurl } from './request.ts';
import { createRuns } from './runs.ts';
import { createFetcher } from './send.ts';
import { reopenTab, storageOf, withoutHeaders } from './storage.ts';

const textOf = (id: string) => document.getElementById(id)?.textContent ?? '';

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

function start(root: HTMLElement, page: PageOptions): void {
  const storage = storageOf('localStorage');
  reopenTab(storage);
  const keyBar = createKeyBar(page, storageOf('sessionStorage'));
  root.before(keyBar.bar);
  const takeMode = addPlanButton(root);
  const runs = createRuns();
  const { credential, tabs } = page;
  // Relative to the page, wherever a proxy serves it. Not the page's own address, because a POST there would remove the
  // page from the browser's cache.
  const url = new URL('graphql/', location.href).href;
  const fetcher = createFetcher({
    build: (operation, typedHeaders, mode) =>
      buildRequest({ url, operation, typedHeaders, credential, key: keyBar.key, mode }),
    takeMode,
    onSend: (request) => runs.begin(toCurl(request, credential)),
  });
  createRoot(root).render(
    <GraphiQL
      fetcher={fetcher as never}
      storage={withoutHeaders(storage) as never}
      plugins={PLUGINS}
      defaultTabs={[...tabs]}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <span className="logo-name">LuaAuth</span>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <Footer runs={runs} />
      </GraphiQL.Footer>
    </GraphiQL>,
  );
}

const root = document.getElementById('root');
if (root) start(root, JSON.parse(textOf('page-options')));
