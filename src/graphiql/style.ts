/**
 * Added to the page's style: what the page has beside GraphiQL, and GraphiQL in a narrow window, for which it has no
 * style of its own. Colours are GraphiQL's, so they follow its theme.
 */
export const STYLE = `
body { display: flex; flex-direction: column; height: 100vh; height: 100dvh; margin: 0; }
#root { flex: 1; min-height: 0; height: 0; }
#root .graphiql-container { height: 100%; }
.graphiql-container .graphiql-logo { flex-shrink: 0; white-space: nowrap; }
/* A tab would jump aside as it is pressed, so that the first click on it is lost. */
.graphiql-tab { transform: none !important; }

.key-bar.graphiql-container {
  box-sizing: border-box; display: flex; flex-wrap: wrap; align-items: center; gap: 4px 20px; height: auto;
  padding: 10px 16px 0;
  color: hsl(var(--color-neutral)); font-family: var(--font-family); font-size: var(--font-size-hint);
}
.key-field { display: flex; align-items: center; gap: 8px; white-space: nowrap; }
.key-field input {
  width: 260px; padding: 5px 8px; font: inherit; font-family: var(--font-family-mono); color: inherit;
  background: hsl(var(--color-base)); border: 1px solid hsla(var(--color-neutral), 0.4); border-radius: 4px;
}
.key-field input:focus-visible { outline: 2px solid hsl(var(--color-primary)); outline-offset: -1px; }
.key-keep { display: flex; align-items: center; gap: 6px; }
.key-keep input { margin: 0; accent-color: hsl(var(--color-primary)); }
.key-note { margin-left: auto; }

.graphiql-container .graphiql-toolbar .graphiql-execute-button { order: -2; }
.plan-button {
  order: -1; width: var(--toolbar-width); padding: 6px 0; font: inherit; font-size: 0.75rem; cursor: pointer;
  color: hsl(var(--color-primary)); background: none; border: 1px solid currentColor;
  border-radius: var(--border-radius-8);
}
.plan-button:hover, .copy-curl:enabled:hover { background: hsla(var(--color-neutral), var(--alpha-background-light)); }
.plan-button:focus-visible, .copy-curl:focus-visible { outline: 2px solid hsl(var(--color-primary)); }

.answer-bar {
  display: flex; align-items: center; justify-content: space-between; gap: 8px 16px; min-height: 40px;
  padding: 6px 12px; font-size: var(--font-size-hint);
  border-top: 1px solid hsla(var(--color-neutral), var(--alpha-background-heavy));
}
.answer-facts { display: flex; flex-wrap: wrap; gap: 2px 14px; min-width: 0; font-family: var(--font-family-mono); }
.answer-facts span { overflow-wrap: anywhere; }
.answer-facts .answer-failed { color: hsl(var(--color-error)); }
.copy-curl {
  flex-shrink: 0; padding: 4px 10px; font: inherit; color: inherit; background: none; cursor: pointer;
  border: 1px solid hsla(var(--color-neutral), 0.4); border-radius: 4px;
}
.copy-curl:disabled { opacity: 0.5; cursor: default; }
.copy-source { position: fixed; top: 0; opacity: 0; }

@media (max-width: 720px) {
  .key-bar.graphiql-container { padding: 8px 8px 0; }
  .key-field { flex: 1 1 100%; }
  .key-field input { flex: 1; width: auto; min-width: 0; }
  .key-note { margin-left: 0; }
  .graphiql-container, .graphiql-container .graphiql-main { flex-direction: column; }
  .key-bar.graphiql-container { flex-direction: row; }
  .graphiql-container .graphiql-main { min-height: 0; overflow-y: auto; }
  .graphiql-container .graphiql-sidebar { flex-direction: row; flex-shrink: 0; width: auto; padding: 4px 8px; overflow-x: auto; }
  .graphiql-container .graphiql-sessions { margin: 0; border-radius: 0; flex: 1 0 auto; min-height: 620px; max-height: none; }
  .graphiql-container .graphiql-logo { display: none; }
  .graphiql-container #graphiql-session { flex-direction: column; min-height: 0; }
  .graphiql-container .graphiql-editors { flex: 7 1 0 !important; min-height: 0; overflow: hidden; }
  .graphiql-container .graphiql-response { flex: 5 1 0 !important; min-height: 0; overflow: hidden; }
  .graphiql-container .graphiql-editor-tool { padding: 0 8px 8px; }
  .graphiql-container .graphiql-response { padding-top: 8px; }
  .graphiql-container .graphiql-query-editor { padding: 8px; column-gap: 8px; }
  .graphiql-horizontal-drag-bar { display: none; }
  .graphiql-container .graphiql-plugin { flex: none !important; max-height: 45%; border-left: 0; }
}
`;
