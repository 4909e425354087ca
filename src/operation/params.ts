import { malformedRequest, requestError } from '../errors/coded-error.ts';
import { hasMoreValues, parseExactJson } from '../transport/json.ts';

/** Members of a request that are understood. GraphQL over HTTP has others ignored: they are for later versions of it. */
type Member = 'query' | 'variables' | 'operationName' | 'extensions' | 'documentId' | 'doc_id';

type JsonObject = Record<string, unknown>;

/** An operation as a request names it: by its document, or by the id of one in any of the dialects of clients. */
export interface OperationParams {
  readonly query: string | undefined;
  readonly operationName: string | undefined;
  readonly variables: JsonObject | undefined;
  readonly extensions: JsonObject | undefined;
  /** As the GraphQL-over-HTTP draft has it, in the body or the query string. */
  readonly documentId: string | undefined;
  /** As Relay has it. */
  readonly doc_id: string | undefined;
  /** The same in the path. */
  readonly pathId: string | undefined;
  /** About what the operation keeps of its request in memory, in bytes. */
  readonly weight: number;
}

/** The parts of an operation that its path names beside the body or the query string. */
export interface OperationPath {
  readonly documentId?: string | undefined;
  readonly operationName?: string | undefined;
}

/** How deep objects and lists may be nested in variables and extensions: the scalar JSON allows 50, two levels below. */
const MAX_JSON_DEPTH = 52;
/** How many values the JSON of a request may hold; a whole script is one. */
const MAX_JSON_VALUES = 150_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The operation in the body of a POST. @throws BAD_REQUEST that says what is expected and quotes nothing of the body. */
export function paramsFromBody(bytes: Uint8Array, path: OperationPath = {}): OperationParams {
  return paramsFromJson(jsonFromBody(bytes), 'body', path);
}

/** The JSON in the body of a POST, whatever it stands for. @throws as `paramsFromBody` does. */
export function jsonFromBody(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw unreadable('The body is not UTF-8. Encode the JSON as UTF-8.');
  }
  return parseRequestJson(text, 'The body');
}

/** The operation in JSON that is parsed already. @throws as `paramsFromBody` does. */
export function paramsFromJson(body: unknown, where: 'body' | 'payload', path: OperationPath = {}) {
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
  const members: Partial<Record<Member, unknown>> = body;
  const operationName = checkString('operationName', members.operationName);
  if (operationName !== undefined && (path.operationName ?? operationName) !== operationName) {
    throw malformedRequest(
      'The path names another operation than operationName does. Name it in one of them.',
    );
  }
  const query = checkString('query', members.query);
  const params = {
    query,
    documentId: checkString('documentId', members.documentId),
    doc_id: checkString('doc_id', members.doc_id),
    pathId: path.documentId,
    operationName: operationName ?? path.operationName,
    weight:
      (query?.length ?? 0) +
      checkObject('variables', members.variables) +
      checkObject('extensions', members.extensions),
    variables: (members.variables ?? undefined) as JsonObject | undefined,
    extensions: (members.extensions ?? undefined) as JsonObject | undefined,
  };
  const id = params.documentId ?? params.doc_id ?? params.pathId;
  if (query === undefined && id === undefined && !params.extensions?.persistedQuery) throw NO_QUERY;
  return params;
}

/** The operation in the query string of a GET. @throws as `paramsFromBody` does. */
export function paramsFromUrl(parameters: URLSearchParams, path: OperationPath = {}): OperationParams {
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
  'There is no query. Give the GraphQL document as the string query, or the id of a persisted one as documentId.',
);

function checkString(name: Member, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw malformedRequest(`${name} is ${kindOf(value)}. Give a string, or leave it out.`);
}

/** @returns its weight */
function checkObject(name: Member, value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw malformedRequest(`${name} is ${kindOf(value)}. Give an object, or leave it out.`);
  }
  return weightOf(value, name);
}

/**
 * The most that a byte of a body takes of the heap, measured: its text, what is parsed of it, what is sent on, and each of them
 * twice while it is made.
 */
export const HEAP_PER_BYTE = 8;

/** A value takes so many bytes beside its text and its name: its place, and the object that it may be. */
const BYTES_PER_VALUE = 32;

/** About how many bytes of memory a value of JSON keeps; that of a member is checked as well. @throws as `paramsFromBody` does */
export function weightOf(json: unknown, member?: Member): number {
  let weight = 0;
  // Level by level rather than by recursion: depth is what is to be survived.
  let level = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: unknown[] = [];
    for (const value of level) {
      weight += typeof value === 'string' ? value.length + BYTES_PER_VALUE : BYTES_PER_VALUE;
      if (typeof value !== 'object' || value === null) continue;
      if (member && depth === MAX_JSON_DEPTH)
        throw malformedRequest(`${member} is nested more than ${MAX_JSON_DEPTH} levels deep. Nest it less.`);
      if (member && Object.hasOwn(value, '__proto__'))
        throw malformedRequest(`${member} has a member __proto__, which no input has. Take it out.`);
      if (!Array.isArray(value)) for (const name of Object.keys(value)) weight += name.length;
      // A list may have more members than a call may have arguments.
      for (const one of Object.values(value)) next.push(one);
    }
    level = next;
  }
  return weight;
}

/** JSON from a client: not too many values, and integers exactly. @throws as `paramsFromBody` does. */
export function parseRequestJson(text: string, subject: string): unknown {
  if (hasMoreValues(text, MAX_JSON_VALUES)) {
    throw malformedRequest(`${subject} holds more than ${MAX_JSON_VALUES} values. Send fewer at once.`);
  }
  try {
    return parseExactJson(text);
  } catch {
    // The parser's own message quotes the text.
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
