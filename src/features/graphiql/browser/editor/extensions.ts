import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, linter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers, placeholder, tooltips } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { completion, graphqlLanguageSupport, lint, stateExtensions } from 'cm6-graphql';
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';

/** The extensions of an editor. Tab leaves the editor, for visitors without a mouse. */
export function extensionsFor(language: string, readOnly: boolean, name: string): Extension {
  const common = [
    look,
    drawSelection(),
    bracketMatching(),
    codeFolding(),
    foldGutter({ openText: '▾', closedText: '▸' }),
    search({ top: true }),
    highlightSelectionMatches(),
    tooltips({ position: 'fixed' }),
    EditorView.lineWrapping,
    language === 'graphql'
      ? [
          graphqlLanguageSupport(),
          completion,
          stateExtensions(undefined, { showErrorOnInvalidSchema: false }),
        ]
      : json(),
  ];
  const isNamed = (attributes: Record<string, string> = {}) =>
    EditorView.contentAttributes.of({ ...attributes, 'aria-label': name });
  if (readOnly) {
    // It can have the focus, so that visitors can search in it and copy from it.
    return [
      ...common,
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      placeholder('The answer appears here.'),
      isNamed({ tabindex: '0' }),
      keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
    ];
  }
  return [
    isNamed(),
    lineNumbers(),
    history(),
    closeBrackets(),
    indentOnInput(),
    autocompletion(),
    ...common,
    language === 'json' ? linter(({ state }) => problemsOf(state.doc.toString())) : lint,
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...lintKeymap,
      ...defaultKeymap,
    ]),
  ];
}

/** GraphiQL accepts comments and trailing commas. */
function problemsOf(text: string): Diagnostic[] {
  if (text.trim() === '') return [];
  const errors: ParseError[] = [];
  parse(text, errors, { allowTrailingComma: true });
  return errors.map(({ error, offset, length }) => ({
    from: Math.min(offset, text.length),
    to: Math.min(offset + length, text.length),
    severity: 'error',
    message: inWords(printParseErrorCode(error)),
  }));
}

/** Converts `ValueExpected` to "Value expected." */
const inWords = (code: string) => `${code.replace(/(?!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}.`;

const colour = (name: string, alpha = '1') => `hsla(var(--color-${name}), ${alpha})`;

/** Uses GraphiQL's variables for colours and fonts, so that it follows GraphiQL's theme. */
const look = [
  EditorView.theme({
    '&': { height: '100%', fontSize: '14px', color: colour('neutral'), backgroundColor: 'transparent' },
    '&.cm-focused': { outline: 'none' },
    '.cm-scroller': { fontFamily: 'var(--font-family-mono)', lineHeight: '1.55' },
    '.cm-content': { caretColor: colour('neutral'), padding: '4px 0' },
    '.cm-gutters': { backgroundColor: 'transparent', border: 'none', color: colour('neutral', '0.8') },
    '.cm-cursor': { borderLeftColor: colour('neutral') },
    '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
      backgroundColor: colour('info', '0.25'),
    },
    '.cm-selectionMatch': { backgroundColor: colour('info', '0.15') },
    '&.cm-focused .cm-matchingBracket': { backgroundColor: colour('info', '0.25'), color: 'inherit' },
    '.cm-tooltip': {
      backgroundColor: colour('base'),
      color: colour('neutral'),
      border: `1px solid ${colour('neutral', '0.2')}`,
    },
    '.cm-tooltip-autocomplete ul li[aria-selected]': {
      backgroundColor: colour('primary', '0.15'),
      color: colour('neutral'),
    },
    '.cm-completionMatchedText': { textDecoration: 'none', color: colour('primary') },
    '.cm-completionDetail': { color: colour('neutral', '0.8'), fontStyle: 'normal' },
    '.cm-panels': { backgroundColor: colour('base'), color: colour('neutral') },
    '.cm-panels.cm-panels-top': { borderBottom: `1px solid ${colour('neutral', '0.2')}` },
    '.cm-textfield, .cm-button': {
      color: 'inherit',
      background: 'none',
      border: `1px solid ${colour('neutral', '0.4')}`,
    },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: tags.comment, color: colour('neutral', '0.8') },
      { tag: [tags.keyword, tags.definitionKeyword, tags.modifier], color: colour('primary') },
      { tag: [tags.string, tags.special(tags.string)], color: colour('warning') },
      { tag: [tags.number, tags.bool, tags.null, tags.atom], color: colour('success') },
      { tag: tags.variableName, color: colour('secondary') },
      { tag: [tags.attributeName, tags.special(tags.name)], color: colour('tertiary') },
      { tag: [tags.typeName, tags.definition(tags.variableName)], color: colour('tertiary') },
      { tag: tags.propertyName, color: colour('info') },
    ]),
  ),
];
