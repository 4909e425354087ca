import { EditorState, type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { updateSchema } from 'cm6-graphql';
import type { GraphQLSchema } from 'graphql';
import { Position as LanguagePosition } from 'graphql-language-service';
import { extensionsFor } from './extensions.ts';

/**
 * GraphiQL 5 is written for Monaco, which is 2.5 MB of script, three workers of another 2.7 MB, and no use on a phone. The
 * bundle puts this file in its place: the part of Monaco's interface that GraphiQL calls, over CodeMirror.
 */

/** A line and a column, both from 1. */
export interface Position {
  readonly lineNumber: number;
  readonly column: number;
}

interface Action {
  readonly id: string;
  readonly keybindings?: readonly number[];
  readonly run: (editor: Editor) => unknown;
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

/** The form of a model's name: `/r0-operation.graphql`. */
export class URI {
  readonly path: string;
  private constructor(path: string) {
    this.path = path;
  }
  static file(path: string): URI {
    return new URI(`/${path.replace(/^\//, '')}`);
  }
  toString(): string {
    return `file://${this.path}`;
  }
}

export class Range {
  readonly startLineNumber: number;
  readonly startColumn: number;
  readonly endLineNumber: number;
  readonly endColumn: number;
  constructor(startLineNumber: number, startColumn: number, endLineNumber: number, endColumn: number) {
    this.startLineNumber = startLineNumber;
    this.startColumn = startColumn;
    this.endLineNumber = endLineNumber;
    this.endColumn = endColumn;
  }
}

export const KeyMod = { CtrlCmd: 1 << 11, Shift: 1 << 10, Alt: 1 << 9, WinCtrl: 1 << 8 };
/** Keys are known by the code of their character; `Enter` by that of a line's end. */
export const KeyCode = { Enter: 13, KeyC: 67, KeyM: 77, KeyP: 80 };

/** The modifiers that a key is bound with. Mod is Cmd on a Mac, and Ctrl elsewhere, where it also is Ctrl itself. */
function bindingsOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): number[] {
  const code = key === 'Enter' ? KeyCode.Enter : key.toUpperCase().charCodeAt(0);
  const others = code | (altKey ? KeyMod.Alt : 0) | (shiftKey ? KeyMod.Shift : 0);
  if (metaKey) return IS_MAC && !ctrlKey ? [others | KeyMod.CtrlCmd] : [];
  if (!ctrlKey) return [];
  return IS_MAC ? [others | KeyMod.WinCtrl] : [others | KeyMod.CtrlCmd, others | KeyMod.WinCtrl];
}

const models = new Map<string, Model>();
let schema: GraphQLSchema | undefined;

/** A text with a name and a language. Its editor shows it and writes into it. */
class Model implements Disposable {
  readonly uri: URI;
  readonly language: string;
  readonly #listeners = new Set<() => void>();
  #state: EditorState;
  #view: EditorView | undefined;
  #extensions: Extension = [];

  constructor(value: string, language: string, uri: URI) {
    this.language = language;
    this.uri = uri;
    this.#state = EditorState.create({ doc: value });
    models.set(uri.toString(), this);
  }

  get #doc() {
    return (this.#view?.state ?? this.#state).doc;
  }

  getValue = (): string => this.#doc.toString();

  /** Begins again: what can be undone belongs to the text before, which may be another tab's. */
  setValue(value: string): void {
    if (value === this.getValue()) return;
    this.#state = EditorState.create({ doc: value, extensions: this.#extensions });
    this.#view?.setState(this.#state);
    this.showSchema();
    this.changed();
  }

  changed = (): void => {
    for (const listener of this.#listeners) listener();
  };

  onDidChangeContent(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  getLanguageId = (): string => this.language;

  getOffsetAt({ lineNumber, column }: Position): number {
    const line = this.#doc.line(Math.min(lineNumber, this.#doc.lines));
    return Math.min(line.from + column - 1, line.to);
  }

  getPositionAt(offset: number): Position {
    const line = this.#doc.lineAt(Math.min(offset, this.#doc.length));
    return { lineNumber: line.number, column: Math.min(offset, line.to) - line.from + 1 };
  }

  getWordAtPosition = () => null;

  show(view: EditorView, extensions: Extension): void {
    this.#extensions = extensions;
    this.#state = EditorState.create({ doc: this.getValue(), extensions });
    this.#view = view;
    view.setState(this.#state);
    this.showSchema();
  }

  showSchema(): void {
    if (this.#view && this.language === 'graphql') updateSchema(this.#view as never, schema);
  }

  dispose(): void {
    models.delete(this.uri.toString());
    this.#listeners.clear();
  }
}

let definitions: { provideDefinition(model: Model, position: Position): unknown } | undefined;
let references: { provideReferences(model: Model, position: Position): unknown } | undefined;

class Editor implements Disposable {
  readonly #model: Model;
  readonly #view: EditorView;
  readonly #actions = new Map<number, Action['run']>();

  constructor(parent: HTMLElement, { model, readOnly = false }: EditorOptions) {
    this.#model = model;
    this.#view = new EditorView({ parent });
    this.#view.dom.dataset.uri = model.uri.toString();
    model.show(this.#view, [
      Prec.highest(keymap.of([{ any: (_view, event) => this.#act(event) }])),
      extensionsFor(model.language, readOnly),
      EditorView.updateListener.of(({ docChanged }) => {
        if (docChanged) model.changed();
      }),
      EditorView.domEventHandlers({ mousedown: (event, view) => this.#openReference(event, view) }),
    ]);
  }

  #act(event: KeyboardEvent): boolean {
    const action = bindingsOf(event).map((binding) => this.#actions.get(binding));
    const run = action.find((found) => found !== undefined);
    run?.(this);
    return run !== undefined;
  }

  /** Ctrl or Cmd and a click on a name opens its documentation. */
  #openReference(event: MouseEvent, view: EditorView): boolean {
    const offset = event.ctrlKey || event.metaKey ? view.posAtCoords(event) : null;
    if (offset === null || this.#model.language !== 'graphql') return false;
    const position = this.#model.getPositionAt(offset);
    if (!definitions?.provideDefinition(this.#model, position)) return false;
    references?.provideReferences(this.#model, position);
    return true;
  }

  getModel = (): Model => this.#model;
  getValue = (): string => this.#model.getValue();
  setValue = (value: string): void => this.#model.setValue(value);

  addAction({ keybindings = [], run }: Action): Disposable {
    for (const binding of keybindings) this.#actions.set(binding, run);
    return NOTHING;
  }

  getPosition = (): Position => this.#model.getPositionAt(this.#view.state.selection.main.head);
  getSelection = () => ({ getPosition: this.getPosition });
  setPosition(position: Position): void {
    this.#view.dispatch({ selection: { anchor: this.#model.getOffsetAt(position) } });
  }

  createDecorationsCollection = () => ({ set() {}, clear() {} });

  dispose = (): void => this.#view.destroy();
}

export const editor = {
  createModel: (value: string | null | undefined, language: string, uri: URI) =>
    new Model(value ?? '', language, uri),
  getModel: (uri: URI) => models.get(uri.toString()) ?? null,
  create: (parent: HTMLElement, options: EditorOptions) => new Editor(parent, options),
  // The colours are those of the page, by its variables.
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

/** In the place of `monaco-graphql`: hands the schema to the editors of operations. */
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

/** GraphiQL mends a fault of Monaco's in Firefox there. */
export const MouseTargetFactory = {};
