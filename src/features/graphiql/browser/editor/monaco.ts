import { EditorState, type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { updateSchema } from 'cm6-graphql';
import type { GraphQLSchema } from 'graphql';
import { Position as LanguagePosition } from 'graphql-language-service';
import { extensionsFor } from './extensions.ts';

/** The part of Monaco that GraphiQL calls; README.md lists it. Monaco would add 1.1 MB, and does not work on phones. */

interface Position {
  readonly lineNumber: number;
  readonly column: number;
}

interface Action {
  readonly id: string;
  readonly keybindings?: readonly number[];
  readonly run: (editor: object) => unknown;
}

interface EditorOptions {
  readonly model: Model;
  readonly readOnly?: boolean;
}

interface Disposable {
  dispose(): void;
}

const IS_MAC = navigator.userAgent.includes('Mac');

const NOTHING: Disposable = { dispose() {} };

type Uri = ReturnType<typeof URI.file>;

/** A model's name has the form `/r0-operation.graphql`. */
export const URI = {
  file(given: string) {
    const path = `/${given.replace(/^\//, '')}`;
    return { path, toString: () => `file://${path}` };
  },
};

/** GraphiQL creates ranges for decorations, which are not shown here. */
export class Range {}

export const KeyMod = { CtrlCmd: 1 << 11, Shift: 1 << 10, Alt: 1 << 9, WinCtrl: 1 << 8 };
/** Keys by the code of their character. */
export const KeyCode = { Enter: 13, KeyC: 67, KeyM: 77, KeyP: 80 };

/** The codes of a key with its modifiers. CtrlCmd means Cmd on a Mac and Ctrl elsewhere. */
function bindingsOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): number[] {
  const code = key === 'Enter' ? KeyCode.Enter : key.toUpperCase().charCodeAt(0);
  const others = code | (altKey ? KeyMod.Alt : 0) | (shiftKey ? KeyMod.Shift : 0);
  if (metaKey) return IS_MAC && !ctrlKey ? [others | KeyMod.CtrlCmd] : [];
  if (!ctrlKey) return [];
  return IS_MAC ? [others | KeyMod.WinCtrl] : [others | KeyMod.CtrlCmd, others | KeyMod.WinCtrl];
}

const models = new Map<string, Model>();
let schema: GraphQLSchema | undefined;

type Model = ReturnType<typeof createModel>;

function createModel(value: string, language: string, uri: Uri) {
  const listeners = new Set<() => void>();
  let state = EditorState.create({ doc: value });
  let view: EditorView | undefined;
  let extensions: Extension = [];
  const doc = () => (view?.state ?? state).doc;
  const getValue = () => doc().toString();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const showSchema = () => {
    if (view && language === 'graphql') updateSchema(view as never, schema);
  };
  const model = {
    uri,
    language,
    getValue,
    /** Replaces the text and the undo history, which may belong to another tab. */
    setValue(text: string) {
      if (text === getValue()) return;
      state = EditorState.create({ doc: text, extensions });
      view?.setState(state);
      showSchema();
      changed();
    },
    changed,
    onDidChangeContent(listener: () => void) {
      listeners.add(listener);
      return { dispose: () => listeners.delete(listener) };
    },
    getLanguageId: () => language,
    getOffsetAt({ lineNumber, column }: Position) {
      const line = doc().line(Math.min(lineNumber, doc().lines));
      return Math.min(line.from + column - 1, line.to);
    },
    getPositionAt(offset: number): Position {
      const line = doc().lineAt(Math.min(offset, doc().length));
      return { lineNumber: line.number, column: Math.min(offset, line.to) - line.from + 1 };
    },
    show(shown: EditorView, given: Extension) {
      extensions = given;
      state = EditorState.create({ doc: getValue(), extensions });
      view = shown;
      view.setState(state);
      showSchema();
    },
    showSchema,
    dispose() {
      models.delete(uri.toString());
      listeners.clear();
    },
  };
  models.set(uri.toString(), model);
  return model;
}

let definitions: { provideDefinition(model: Model, position: Position): unknown } | undefined;
let references: { provideReferences(model: Model, position: Position): unknown } | undefined;

/** The names of the editors for screen readers. */
const NAMES = [
  ['operation.graphql', 'Operation'],
  ['variables.json', 'Variables'],
  ['request-headers.json', 'Headers'],
] as const;

const nameOf = (uri: Uri): string => NAMES.find(([end]) => uri.toString().endsWith(end))?.[1] ?? 'Answer';

function createEditor(parent: HTMLElement, { model, readOnly = false }: EditorOptions) {
  const view = new EditorView({ parent });
  const actions = new Map<number, Action['run']>();
  view.dom.dataset.uri = model.uri.toString();
  const act = (event: KeyboardEvent) => {
    const found = bindingsOf(event).map((binding) => actions.get(binding));
    const run = found.find((one) => one !== undefined);
    run?.(made);
    return run !== undefined;
  };
  /** Opens the documentation of a name at Ctrl-click or Cmd-click. */
  const openReference = (event: MouseEvent) => {
    const offset = event.ctrlKey || event.metaKey ? view.posAtCoords(event) : null;
    if (offset === null || model.language !== 'graphql') return false;
    const position = model.getPositionAt(offset);
    if (!definitions?.provideDefinition(model, position)) return false;
    references?.provideReferences(model, position);
    return true;
  };
  model.show(view, [
    Prec.highest(keymap.of([{ any: (_view, event) => act(event) }])),
    extensionsFor(model.language, readOnly, nameOf(model.uri)),
    EditorView.updateListener.of(({ docChanged }) => {
      if (docChanged) model.changed();
    }),
    EditorView.domEventHandlers({ mousedown: openReference }),
  ]);
  const getPosition = () => model.getPositionAt(view.state.selection.main.head);
  const made = {
    getModel: () => model,
    getValue: model.getValue,
    setValue: model.setValue,
    addAction({ keybindings = [], run }: Action): Disposable {
      for (const binding of keybindings) actions.set(binding, run);
      return NOTHING;
    },
    getPosition,
    getSelection: () => ({ getPosition }),
    setPosition(position: Position) {
      view.dispatch({ selection: { anchor: model.getOffsetAt(position) } });
    },
    createDecorationsCollection: () => ({ set() {}, clear() {} }),
    dispose: () => view.destroy(),
  };
  return made;
}

export const editor = {
  createModel: (value: string | null | undefined, language: string, uri: Uri) =>
    createModel(value ?? '', language, uri),
  getModel: (uri: Uri) => models.get(uri.toString()) ?? null,
  create: createEditor,
  // The editors use the page's colours through its variables.
  defineTheme() {},
  setTheme() {},
};

export const languages = {
  json: { jsonDefaults: { setDiagnosticsOptions() {} } },
  registerDefinitionProvider(_language: string, provider: typeof definitions): Disposable {
    definitions = provider;
    return NOTHING;
  },
  registerReferenceProvider(_language: string, provider: typeof references): Disposable {
    references = provider;
    return NOTHING;
  },
  registerHoverProvider: () => NOTHING,
};

/** Replaces `monaco-graphql`: passes the schema to the editors of operations. */
export const initializeMode = (options: object) => ({
  ...options,
  setSchemaConfig([config]: readonly { readonly schema: GraphQLSchema }[]) {
    schema = config?.schema;
    for (const model of models.values()) model.showSchema();
  },
  setExternalFragmentDefinitions() {},
  setDiagnosticSettings() {},
});

export const toGraphQLPosition = ({ lineNumber, column }: Position) =>
  new LanguagePosition(lineNumber - 1, column - 1);

/** GraphiQL fixes a bug of Monaco in Firefox through this object. */
export const MouseTargetFactory = {};
