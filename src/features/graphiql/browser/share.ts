import { parse } from 'jsonc-parser';

/** A tab as an address carries it. Headers are no part of it. */
interface SharedTab {
  readonly query: string;
  /** As text; undefined: none. */
  readonly variables?: string | undefined;
  /** Which of several operations is meant. */
  readonly operationName?: string | undefined;
}

/** In the place of a key. In a document it is no text, so that one with the placeholder is marked, and does not run. */
const PLACEHOLDER = 'YOUR_KEY';
const KEY = 'keys?';
/** The other secrets: who knows a webhook can post to it. They have no placeholder, which would be written in their place. */
const OTHER = 'source|webhook';
/** One that is written into the document: as an argument, a member of an input, or a variable's default. */
const SECRET_LITERAL = new RegExp(
  String.raw`(\b\w*(?:${KEY}|${OTHER})\s*:\s*(?:[\w![\]]+\s*=\s*)?)(\[[^\]]*\]|"""(?:\\"""|[\s\S])*?"""|"(?:[^"\\\n]|\\.)*")`,
  'gi',
);
const KEY_NAME = new RegExp(`(?:${KEY})$`, 'i');
const OTHER_NAME = new RegExp(`(?:${OTHER})$`, 'i');

/**
 * Makes the address that opens a tab with the same query and variables. It is meant for chats, and servers keep addresses in
 * their logs: what is called a key, such as the licence key of a user, the source of a script, webhooks, and the secret key of
 * the page are left out.
 */
export function shareLink(page: string, tab: SharedTab, secretKey: string) {
  const withoutSecret = (text: string) => (secretKey === '' ? text : text.replaceAll(secretKey, PLACEHOLDER));
  const query = withoutSecret(tab.query.replace(SECRET_LITERAL, `$1${PLACEHOLDER}`));
  const given: unknown = tab.variables?.trim() ? parse(tab.variables) : undefined;
  const variables = given === undefined ? '' : withoutSecret(JSON.stringify(hideSecrets(given)));
  const url = new URL(page);
  url.search = '';
  url.hash = '';
  url.searchParams.set('query', query);
  if (variables !== '') url.searchParams.set('variables', variables);
  if (tab.operationName) url.searchParams.set('operationName', tab.operationName);
  const hasLeftOutSecrets =
    query !== tab.query || (given !== undefined && variables !== JSON.stringify(given));
  return { url: url.href, hasLeftOutSecrets };
}

function hideSecrets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, name));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideSecrets(item, key)]));
  }
  if (typeof value !== 'string') return value;
  if (OTHER_NAME.test(name)) return undefined;
  return KEY_NAME.test(name) ? PLACEHOLDER : value;
}

/** Reads such an address, whoever made it. Undefined: it carries no query. */
export function readShared(search: string): SharedTab | undefined {
  const parameters = new URLSearchParams(search);
  const query = parameters.get('query');
  if (!query) return undefined;
  return {
    query,
    variables: indented(parameters.get('variables') ?? ''),
    operationName: parameters.get('operationName') ?? undefined,
  };
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
