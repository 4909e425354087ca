import { parse } from 'jsonc-parser';

/** The part of a tab that an address contains, without headers. */
interface SharedTab {
  readonly query: string;
  /** As JSON text. Undefined if there are none. */
  readonly variables?: string | undefined;
  readonly operationName?: string | undefined;
}

/** Replaces a key. In a document it is not a string, so that the editor marks it and the document does not run. */
const PLACEHOLDER = 'YOUR_KEY';
const KEY = 'keys?';
/** Other secrets, such as webhooks. They are removed without a placeholder, because a mutation would write the placeholder. */
const OTHER = 'source|webhook';
const LITERAL = String.raw`(\[[^\]]*\]|"""(?:\\"""|[\s\S])*?"""|"(?:[^"\\\n]|\\.)*")`;
const DEFAULT = String.raw`[\w![\]]+\s*=\s*`;
/** A secret in the document: an argument, a member of an input, or a variable's default. */
const SECRET_LITERAL = new RegExp(
  String.raw`(\b\w*(?:${KEY}|${OTHER})\s*:\s*(?:${DEFAULT})?)${LITERAL}`,
  'gi',
);
/** A variable, or a list with variables, in the place of a secret. */
const SECRET_VALUE = new RegExp(String.raw`\b(\w*(?:${KEY}|${OTHER}))\s*:\s*(\$\w+|\[[^\]]*\])`, 'gi');
const KEY_NAME = new RegExp(`(?:${KEY})$`, 'i');
const OTHER_NAME = new RegExp(`(?:${OTHER})$`, 'i');

/** Leaves out every key, source and webhook, because addresses are pasted into chats and logged by servers. */
export function shareLink(page: string, tab: SharedTab, secretKey: string) {
  const withoutSecret = (text: string) => (secretKey === '' ? text : text.replaceAll(secretKey, PLACEHOLDER));
  const uses = usesOfVariables(tab.query);
  const query = withoutSecret(withoutLiterals(tab.query, uses.keys()));
  const given: unknown = tab.variables?.trim() ? parse(tab.variables) : undefined;
  const variables = given === undefined ? '' : withoutSecret(JSON.stringify(hideSecrets(given, uses)));
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

/** The variables that the document uses as a secret, and as what. A visitor may call them anything. */
function usesOfVariables(query: string): ReadonlyMap<string, string> {
  const uses = new Map<string, string>();
  for (const [, use = '', value = ''] of query.matchAll(SECRET_VALUE))
    for (const [, variable = ''] of value.matchAll(/\$(\w+)/g)) uses.set(variable, use);
  return uses;
}

function withoutLiterals(query: string, variables: Iterable<string>): string {
  let text = query.replace(SECRET_LITERAL, `$1${PLACEHOLDER}`);
  for (const variable of variables) {
    const literal = new RegExp(String.raw`(\$${variable}\s*:\s*${DEFAULT})${LITERAL}`, 'g');
    text = text.replace(literal, `$1${PLACEHOLDER}`);
  }
  return text;
}

/** `uses`: what the members of the outermost object are used as, if it differs from their names. */
function hideSecrets(value: unknown, uses: ReadonlyMap<string, string> = NO_USES, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, NO_USES, name));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, hideSecrets(item, NO_USES, uses.get(key) ?? key)]),
    );
  }
  if (typeof value !== 'string') return value;
  if (OTHER_NAME.test(name)) return undefined;
  return KEY_NAME.test(name) ? PLACEHOLDER : value;
}

const NO_USES: ReadonlyMap<string, string> = new Map();

/** Reads a shared address. Undefined if it contains no query. */
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
