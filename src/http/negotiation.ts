import { Negotiator } from 'negotiator';

export type MediaType = 'application/json' | 'application/graphql-response+json';
export type StreamType = 'text/event-stream' | 'multipart/mixed';
export type Encoding = 'br' | 'gzip';

/** The first type is for clients without a preference. */
const ANSWERS = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];
const PAGE_OR_ANSWER = ['application/json; charset=utf-8', 'text/html; charset=utf-8'];
const STREAMS = ['text/event-stream; charset=utf-8', 'multipart/mixed;subscriptionSpec=1.0'];
/** Without the parameter, `multipart/mixed` means other protocols. */
const NAMES_STREAM = /^\s*(?:text\/event-stream\b|multipart\/mixed\b.*\bsubscriptionSpec\b)/i;
const BOUNDARY = /;\s*boundary\s*=\s*("[^"]*"|[^;]*)/i;
const ENCODINGS = ['br', 'gzip', 'identity'];

/** The media types that an `accept` header allows. */
export interface AcceptedTypes {
  /** For a single answer. Undefined if none is allowed. */
  readonly answer: MediaType | undefined;
  /**
   * For a stream of results. Undefined if the header names none. A wildcard does not count: its client waits for a single
   * answer.
   */
  readonly stream: StreamType | undefined;
}

export const negotiateTypes = remember(
  (accept): AcceptedTypes => {
    const ranges = accept.split(',').filter((range) => NAMES_STREAM.test(range));
    // The server chooses the boundary, whatever a client asks for.
    const named = ranges.map((range) => range.replace(BOUNDARY, '')).join();
    return { answer: negotiate(accept, ANSWERS), stream: negotiate(named, STREAMS) };
  },
  { answer: 'application/json', stream: undefined },
);

/** Returns the type without parameters. */
function negotiate<Type extends string>(accept: string, types: readonly string[]): Type | undefined {
  return negotiator({ accept }).mediaType(types)?.split(';', 1)[0] as Type | undefined;
}

/** Whether an `accept` header prefers a page to JSON, as a browser's does. */
export const prefersHtml = remember(
  (accept): boolean => negotiator({ accept }).mediaType(PAGE_OR_ANSWER) === PAGE_OR_ANSWER[1],
  false,
);

/** The compression that an `accept-encoding` header prefers. Undefined: none. */
export const negotiateEncoding = remember((accept): Encoding | undefined => {
  const encoding = negotiator({ 'accept-encoding': accept }).encoding(ENCODINGS, { preferred: ENCODINGS });
  return encoding === 'br' || encoding === 'gzip' ? encoding : undefined;
}, undefined);

function negotiator(headers: Readonly<Record<string, string>>): Negotiator {
  return new Negotiator({ headers });
}

const MAX_REMEMBERED = 100;
const MAX_LENGTH = 256;
/** Several times the length of any real header. Reading 60 kB of media types would take 70 ms. */
export const MAX_ACCEPT_LENGTH = 1_024;

/** Remembers results, because clients send few different headers. Does not read what is longer than `MAX_ACCEPT_LENGTH`. */
function remember<Outcome>(read: (header: string) => Outcome, withoutHeader: Outcome) {
  const remembered = new Map<string, Outcome>();
  return (header: string | null | undefined): Outcome => {
    if (!header) return withoutHeader;
    if (remembered.has(header)) return remembered.get(header) as Outcome;
    const outcome = read(header.slice(0, MAX_ACCEPT_LENGTH));
    if (remembered.size < MAX_REMEMBERED && header.length <= MAX_LENGTH) remembered.set(header, outcome);
    return outcome;
  };
}
