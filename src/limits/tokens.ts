import { Lexer, Source, TokenKind } from 'graphql';
import type { Limits } from './limits.ts';
import { inWords, overLimit } from './over-limit.ts';

/** Brackets inside brackets. The parser and whatever walks its result recurse once or more for each. */
const MAX_BRACKETS = 300;

const CHANGE: Readonly<Partial<Record<TokenKind, 1 | -1>>> = {
  [TokenKind.BRACE_L]: 1,
  [TokenKind.BRACKET_L]: 1,
  [TokenKind.PAREN_L]: 1,
  [TokenKind.BRACE_R]: -1,
  [TokenKind.BRACKET_R]: -1,
  [TokenKind.PAREN_R]: -1,
};

/** Refuses a document by its length alone. */
export function checkLength(document: string, { documentLength }: Limits): void {
  if (document.length <= documentLength) return;
  throw overLimit({
    code: 'DOCUMENT_TOO_LARGE',
    message: `The document has ${inWords(document.length)} characters; at most ${inWords(documentLength)} are allowed. Send long values as variables, and split the rest into several operations.`,
    found: document.length,
    limit: documentLength,
  });
}

/**
 * Goes over the tokens before the parser does: it stops at the first one too many, and at nesting that would exhaust
 * the parser's stack.
 * @throws what the parser would throw for a character that begins no token.
 */
export function checkTokens(document: string, { tokens }: Limits): void {
  const lexer = new Lexer(new Source(document));
  let count = 0;
  let open = 0;
  while (lexer.advance().kind !== TokenKind.EOF) {
    count += 1;
    if (count > tokens) throw tooManyTokens(tokens);
    open += CHANGE[lexer.token.kind] ?? 0;
    if (open > MAX_BRACKETS) throw tooNested();
  }
}

function tooManyTokens(limit: number) {
  return overLimit({
    code: 'TOO_MANY_TOKENS',
    message: `The document has more than ${inWords(limit)} tokens, which is what is allowed. Send long lists as variables, and split the rest into several operations.`,
    found: limit + 1,
    limit,
  });
}

function tooNested() {
  return overLimit({
    code: 'TOO_DEEP',
    message: `The document opens more than ${MAX_BRACKETS} brackets inside one another, which is what is allowed. Nest less, or send the value as a variable.`,
    found: MAX_BRACKETS + 1,
    limit: MAX_BRACKETS,
  });
}
