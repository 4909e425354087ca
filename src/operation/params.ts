import { hasMoreValues, parseExactJson } from '../base/json.ts';
import { malformedRequest, requestError } from '../errors/coded-error.ts';
import { DOCUMENT_ID_FORM, isDocumentId } from './document-id.ts';

/** The members of a request that are read. GraphQL over HTTP reserves others, so they are ignored. */
type Member = 'query' | 'variables' | 'operationName' | 'extensions' | 'documentId' | 'doc_id';

type Members = Partial<Record<Member, unknown>>;

type JsonObject = Record<string, unknown>;

/** An operation as a request names it: by its document, or by the id of a document. */
export interface OperationParams {
  /** Empty if the request names its document only by an id or a hash. */
  readonly query: string;
  /** From the member of the GraphQL-over-HTTP draft, Relay's `doc_id`, or the path. */
  readonly documentId?: string | undefined;
  readonly operationName?: string | undefined;
  readonly variables?: JsonObject | undefined;
  readonly extensions?: JsonObject | undefined;
}

interface WeighedParams extends OperationParams {
  /** Roughly the memory of these parameters, in bytes. */
  readonly weight: number;
}

/** The parts of an operation that the path names. */
export interface OperationPath {
  readonly documentId?: string | undefined;
  readonly operationName?: string | undefined;
}

/** How deep variables and extensions may be nested. The scalar JSON allows 50 levels, two levels further down. */
const MAX_JSON_DEPTH = 52;
/**
 * How many values the JSON of a request may hold. A request with that many short values takes about 0.2 s of CPU time. A whole script is
 * one value.
 */
const MAX_JSON_VALUES = 110_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the operation in the body of a POST. @throws BAD_REQUEST, which quotes nothing of the body */
export function paramsFromBody(bytes: Uint8Array, path: OperationPath = {}): WeighedParams {
  return paramsFromJson(jsonFromBody(bytes), 'body', path);
}

/** Reads any JSON in the body of a POST. @throws BAD_REQUEST */
export function jsonFromBody(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw unreadable('The body is not UTF-8. Encode the JSON as UTF-8.');
  }
  return parseRequestJson(text, 'The body');
}

/** Reads the operation in parsed JSON. @throws BAD_REQUEST */
export function paramsFromJson(
  body: unknown,
  where: 'body' | 'payload',
  path: OperationPath = {},
): WeighedParams {
  if (Array.isArray(body)) {
    throw malformedRequest(
      `Batching is not supported: the ${where} is a list. Send one operation per request.`,
    );
  }
  if (typeof body !== 'object' || body === null) {
    throw malformedRequest(
      `The ${where} is ${kindOf(body)}. Send a JSON object such as {"query": "{ __typename }"}.`,
    );
  }
  const members: Members = body;
  const operationName = checkString('operationName', members.operationName);
  if (operationName !== undefined && (path.operationName ?? operationName) !== operationName) {
    throw malformedRequest(
      'The path and operationName name different operations. Name the operation in one of them.',
    );
  }
  const query = checkString('query', members.query);
  const params = {
    query: query ?? '',
    documentId: readDocumentId(members, path),
    operationName: operationName ?? path.operationName,
    weight:
      (query?.length ?? 0) +
      checkObject('variables', members.variables) +
      checkObject('extensions', members.extensions),
    variables: (members.variables ?? undefined) as JsonObject | undefined,
    extensions: (members.extensions ?? undefined) as JsonObject | undefined,
  };
  const hasHash = Boolean(params.extensions?.persistedQuery);
  if (params.documentId === undefined) {
    if (query === undefined && !hasHash) throw NO_QUERY;
  } else if (hasHash) throw TWO_IDS;
  // With an id, an empty query counts as none: some clients always send the member.
  else if (params.query !== '') throw TWO_DOCUMENTS;
  return params;
}

function readDocumentId(members: Members, path: OperationPath): string | undefined {
  const ids = [
    checkString('documentId', members.documentId),
    checkString('doc_id', members.doc_id),
    path.documentId,
  ].filter((id) => id !== undefined);
  const [id] = ids;
  if (ids.length > 1) throw TWO_IDS;
  if (id !== undefined && !isDocumentId(id)) throw NO_ID;
  return id;
}

const TWO_IDS = malformedRequest(
  'The request names its document in several ways. Use one of documentId, doc_id, the id in the path, and extensions.persistedQuery.',
);

const NO_ID = malformedRequest(`The given id is not the id of a document. Give ${DOCUMENT_ID_FORM}.`);

const TWO_DOCUMENTS = malformedRequest(
  'The request has both a query and the id of a document. Send only one of them. To register a query, send its hash in extensions.persistedQuery.',
);

/** Reads the operation in the query string of a GET. @throws BAD_REQUEST */
export function paramsFromUrl(parameters: URLSearchParams, path: OperationPath = {}): WeighedParams {
  const json = (name: 'variables' | 'extensions') => {
    const text = parameters.get(name);
    return text ? parseRequestJson(text, `The parameter ${name}`) : undefined;
  };
  const members = {
    query: parameters.get('query') || undefined,
    operationName: parameters.get('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
    documentId: parameters.get('documentId') || undefined,
    doc_id: parameters.get('doc_id') || undefined,
  };
  return paramsFromJson(members, 'body', path);
}

const NO_QUERY = malformedRequest(
  'There is no query. Give the GraphQL document as the string query, or the id of a persisted document as documentId.',
);

function checkString(name: Member, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw malformedRequest(`${name} is ${kindOf(value)}. Give a string, or leave it out.`);
}

/** @returns the weight of the value */
function checkObject(name: Member, value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw malformedRequest(`${name} is ${kindOf(value)}. Give an object, or leave it out.`);
  }
  return weightOf(value, name);
}

/** The bytes of a value besides its text and its name. */
const BYTES_PER_VALUE = 32;

/** Estimates the memory of a JSON value, in bytes. Also checks the value of a named member. @throws BAD_REQUEST */
export function weightOf(json: unknown, member?: Member): number {
  let weight = 0;
  // Goes level by level, because recursion would overflow the stack on deep values.
  let level = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: unknown[] = [];
    for (const value of level) {
      weight += typeof value === 'string' ? value.length + BYTES_PER_VALUE : BYTES_PER_VALUE;
      if (typeof value !== 'object' || value === null) continue;
      if (member && depth === MAX_JSON_DEPTH)
        throw malformedRequest(`${member} is nested more than ${MAX_JSON_DEPTH} levels deep. Nest it less.`);
      if (member && Object.hasOwn(value, '__proto__'))
        throw malformedRequest(`${member} has a member __proto__, which no input has. Remove it.`);
      // A list may have more items than a call may have arguments.
      if (Array.isArray(value)) for (const item of value) next.push(item);
      else
        for (const name of Object.keys(value)) {
          weight += name.length;
          next.push((value as JsonObject)[name]);
        }
    }
    level = next;
  }
  return weight;
}

/** Parses JSON of a client, keeping integers exact. @throws BAD_REQUEST, also for too many values */
export function parseRequestJson(text: string, subject: string): unknown {
  if (hasMoreValues(text, MAX_JSON_VALUES)) {
    throw malformedRequest(
      `${subject} holds more than ${MAX_JSON_VALUES} values. Send fewer values at once.`,
    );
  }
  try {
    return parseExactJson(text);
  } catch {
    // The parser's message quotes the text.
    throw unreadable(
      text.trim() === ''
        ? `${subject} is empty. Send a JSON object.`
        : `${subject} is not JSON. Send a JSON object.`,
    );
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function unreadable(message: string) {
  return requestError('BAD_REQUEST', 400, message);
}
