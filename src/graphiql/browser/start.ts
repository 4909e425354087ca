import type { PageOptions } from '../page-options.ts';
import { addAnswerBar } from './answer-bar.ts';
import { toCurl } from './curl.ts';
import { createFetcher, type Fetcher } from './fetcher.ts';
import { createKeyBar } from './key-bar.ts';
import { createKeyMemory } from './key-memory.ts';
import { keepAddress, reopenTab } from './page-memory.ts';
import { addPlanButton } from './plan-button.ts';
import { buildRequest } from './request.ts';
import { type TextStorage, withoutHeaders } from './stored-without-headers.ts';

/** What comes with the page, in Yoga's bundle. */
declare const YogaGraphiQL: {
  renderYogaGraphiQL(
    root: Element,
    options: object & { readonly fetcher: Fetcher; readonly storage: TextStorage },
  ): void;
};

/** Starts GraphiQL with what the gateway adds to it. The page calls this once. */
export function start(root: Element, graphiqlOptions: object, page: PageOptions): void {
  keepAddress();
  reopenTab(localStorage);
  const keyBar = createKeyBar(page, createKeyMemory(sessionStorage));
  root.before(keyBar.bar);
  const takeMode = addPlanButton(root);
  const answerBar = addAnswerBar(root);
  const { credential } = page;
  const url = new URL(page.endpoint, location.origin).href;
  const fetcher = createFetcher({
    build: (operation, typedHeaders, mode) =>
      buildRequest({ url, operation, typedHeaders, credential, key: keyBar.key, mode }),
    takeMode,
    onSend: (request) => answerBar.began(toCurl(request, credential)),
    onAnswer: ({ facts }) => answerBar.ended(facts),
  });
  YogaGraphiQL.renderYogaGraphiQL(root, {
    ...graphiqlOptions,
    fetcher,
    storage: withoutHeaders(localStorage),
  });
}
