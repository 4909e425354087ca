import { Negotiator } from 'negotiator';

export type MediaType = 'application/json' | 'application/graphql-response+json';
export type StreamType = 'text/event-stream' | 'multipart/mixed';
export type Encoding = 'br' | 'gzip';

/** The first one is for who has no preference. */
const ANSWERS = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];
const PAGE_OR_ANSWER = ['application/json; charset=utf-8', 'text/html; charset=utf-8'];
const STREAMS = ['text/event-stream; charset=utf-8', 'multipart/mixed;subscriptionSpec=1.0'];
/** As it is, `multipart/mixed` stands for other protocols. */
const NAMES_STREAM = /^\s*(?:text\/event-stream\b|multipart\/mixed\b.*\bsubscriptionSpec\b)/i;
const BOUNDARY = /;\s*boundary\s*=\s*("[^"]*"|[^;]*)/i;
const ENCODINGS = ['br', 'gzip', 'identity'];

/** The media types that an `accept` header allows. */
export interface AcceptedTypes {
  /** For one answer; undefined: none. */
  readonly answer: MediaType | undefined;
  /**
   * For a stream of results; undefined: it names none. A range for every type names none: a client that sends it waits for
   * one answer.
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

/** Without its parameters. */
function negotiate<Type extends string>(accept: string, types: readonly string[]): Type | undefined {
  return negotiator({ accept }).mediaType(types)?.split(';', 1)[0] as Type | undefined;
}

/** Whether an `accept` header wants a page rather than JSON, as those of browsers do. */
export const prefersHtml = remember(
  (accept): boolean => negotiator({ accept }).mediaType(PAGE_OR_ANSWER) === PAGE_OR_ANSWER[1],
  false,
);

/** How an `accept-encoding` header wants its answer compressed; undefined: not at all. */
export const negotiateEncoding = remember((accept): Encoding | undefined => {
  const encoding = negotiator({ 'accept-encoding': accept }).encoding(ENCODINGS, { preferred: ENCODINGS });
  return encoding === 'br' || encoding === 'gzip' ? encoding : undefined;
}, undefined);

function negotiator(headers: Readonly<Record<string, string>>): Negotiator {
  return new Negotiator({ headers });
}

const MAX_REMEMBERED = 100;
const MAX_LENGTH = 256;
/** More than any client sends. The rest is not read: 60 kB of media types would take 70 ms. */
const MAX_READ = 4_096;

/** Clients send few different headers, each again and again. */
function remember<Outcome>(read: (header: string) => Outcome, withoutHeader: Outcome) {
  const remembered = new Map<string, Outcome>();
  return (header: string | null | undefined): Outcome => {
    if (!header) return withoutHeader;
    if (remembered.has(header)) return remembered.get(header) as Outcome;
    const outcome = read(header.slice(0, MAX_READ));
    if (remembered.size < MAX_REMEMBERED && header.length <= MAX_LENGTH) remembered.set(header, outcome);
    return outcome;
  };
}
