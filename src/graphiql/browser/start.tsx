import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import type { PageOptions } from '../page-options.ts';
import { App } from './app.tsx';
import { addPlanButton, createKeyBar } from './controls.ts';
import { buildRequest, toCurl } from './request.ts';
import { createRuns } from './runs.ts';
import { createFetcher } from './send.ts';
import { readShared } from './share.ts';
import { reopenTab, withoutHeaders } from './storage.ts';

const textOf = (id: string) => document.getElementById(id)?.textContent ?? '';

/** Starts GraphiQL with what the page says. */
function start(root: HTMLElement, page: PageOptions): void {
  const shared = readShared(location.search);
  // A reload goes on with what was typed since, and what an address carries is no longer seen by what looks at it.
  if (location.search !== '') history.replaceState(null, '', location.pathname);
  reopenTab(localStorage);
  const keyBar = createKeyBar(page, sessionStorage);
  root.before(keyBar.bar);
  const takeMode = addPlanButton(root);
  const runs = createRuns();
  const { credential, tabs } = page;
  const url = new URL(page.endpoint, location.origin).href;
  const fetcher = createFetcher({
    build: (operation, typedHeaders, mode) =>
      buildRequest({ url, operation, typedHeaders, credential, key: keyBar.key, mode }),
    takeMode,
    onSend: (request) => runs.begin(toCurl(request, credential)),
  });
  const secretKey = () => (keyBar.key === credential?.publicKey ? '' : keyBar.key);
  const storage = withoutHeaders(localStorage);
  createRoot(root).render(createElement(App, { tabs, shared, fetcher, storage, runs, secretKey }));
}

const root = document.getElementById('root');
if (root) start(root, JSON.parse(textOf('page-options')));
