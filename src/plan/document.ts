import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  Lexer,
  parse,
  print,
  Source,
  TokenKind,
  validate,
} from 'graphql';
import { CANNOT_RUN, codedError } from '../errors/coded-error.ts';
import { RULES } from './field-advice.ts';
import { cut, inWords, type Limits, overLimit } from './limits.ts';
import { checkShape, TOO_REPETITIVE } from './shape.ts';

/** In characters. Parsing and validation take at most some 30 ms for a document of this length. */
export const MAX_DOCUMENT_LENGTH = 20_000;

/** @throws DOCUMENT_TOO_LARGE */
export function checkLength({ length }: string): void {
  if (length <= MAX_DOCUMENT_LENGTH) return;
  throw overLimit({
    code: 'DOCUMENT_TOO_LARGE',
    message: `The document has ${inWords(length)} characters; at most ${inWords(MAX_DOCUMENT_LENGTH)} are allowed. Send long values as variables, and split the rest into several operations.`,
    found: length,
    limit: MAX_DOCUMENT_LENGTH,
  });
}

/** No error quotes a string of the document. @throws TOO_DEEP, GRAPHQL_PARSE_FAILED */
export function parseDocument(text: string): DocumentNode {
  try {
    checkBrackets(text);
    return parse(text);
  } catch (error) {
    throw error instanceof GraphQLError ? asParseError(error) : error;
  }
}

/** Removes the token at the error: it may be a licence key or source code. */
function asParseError({ message, source, positions, extensions }: GraphQLError): GraphQLError {
  return new GraphQLError(message.replace(/String ".*"/s, 'String'), {
    source,
    positions,
    extensions: { code: 'GRAPHQL_PARSE_FAILED', http: { spec: true, status: 400 }, ...extensions },
  });
}

/** Brackets inside brackets. The parser recurses at least once for each, and so does code that walks the document. */
const MAX_BRACKETS = 300;

const CHANGE: Readonly<Partial<Record<TokenKind, 1 | -1>>> = {
  [TokenKind.BRACE_L]: 1,
  [TokenKind.BRACKET_L]: 1,
  [TokenKind.PAREN_L]: 1,
  [TokenKind.BRACE_R]: -1,
  [TokenKind.BRACKET_R]: -1,
  [TokenKind.PAREN_R]: -1,
};

/**
 * Runs before the parser, whose stack deep nesting would exhaust.
 * @throws the parser's error for a character that begins no token
 */
function checkBrackets(document: string): void {
  const lexer = new Lexer(new Source(document));
  let open = 0;
  while (lexer.advance().kind !== TokenKind.EOF) {
    open += CHANGE[lexer.token.kind] ?? 0;
    if (open <= MAX_BRACKETS) continue;
    throw overLimit({
      code: 'TOO_DEEP',
      message: `The document opens more than the allowed ${MAX_BRACKETS} brackets inside one another. Nest less, or send the value as a variable.`,
      found: MAX_BRACKETS + 1,
      limit: MAX_BRACKETS,
    });
  }
}

const MAX_ERRORS = 20;
const MAX_LOCATIONS = 10;

/** Checks the shape first. Returns a bounded number of errors, none for a valid document. */
export function validateDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  limits: Limits,
): readonly GraphQLError[] {
  const refusals = checkShape(document, limits);
  if (refusals.length > 0) return refusals;
  return validate(schema, document, RULES, { maxErrors: MAX_ERRORS }).map(asValidationError);
}

/** graphql-js ends a validation that takes too long. Its error says only this. */
const ABORTED = 'Validation aborted.';

function asValidationError(error: GraphQLError): GraphQLError {
  if (error.message === ABORTED) return TOO_REPETITIVE;
  const { nodes, extensions } = error;
  const facts = { http: CANNOT_RUN, ...extensions };
  const message = cut(withoutLiterals(error));
  return codedError('GRAPHQL_VALIDATION_FAILED', message, facts, nodes?.slice(0, MAX_LOCATIONS));
}

const TEXT_KINDS: ReadonlySet<string> = new Set([Kind.STRING, Kind.LIST, Kind.OBJECT]);

/** Removes literals from the message: they may be licence keys or source code. */
function withoutLiterals({ message, nodes = [] }: GraphQLError): string {
  const literals = nodes.filter(({ kind }) => TEXT_KINDS.has(kind)).map(print);
  return literals.reduce((text, literal) => text.replaceAll(literal, '…'), message);
}
