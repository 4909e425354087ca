import type { VisitorCredential } from '../page-options.ts';
import type { OperationRequest } from './request.ts';

/** Headers that may hold a key, wherever it was typed. */
const SECRET = new Set(['token', 'authorization', 'cookie']);

/**
 * A command for a POSIX shell that sends the same request. It goes into chats and bug reports, so a secret key stands in
 * it as a variable only.
 */
export function toCurl(
  { url, headers, body }: OperationRequest,
  credential: VisitorCredential | undefined,
): string {
  const options = Object.entries(headers).map(([name, value]) => `-H ${header(name, value, credential)}`);
  return [`curl -s ${quote(url)}`, ...options, `--data-raw ${quote(body)}`].join(' \\\n  ');
}

function header(name: string, value: string, credential: VisitorCredential | undefined): string {
  const isPublic = credential?.header === name && value === credential.prefix + credential.publicKey;
  if (!SECRET.has(name) || isPublic) return quote(`${name}: ${value}`);
  const [prefix, variable] =
    credential?.header === name
      ? [credential.prefix, credential.variable]
      : [schemeOf(value), variableFor(name)];
  return `"${name}: ${prefix}$${variable}"`;
}

/** `Bearer ` of a typed `authorization` header. */
const schemeOf = (value: string) => /^Bearer /i.exec(value)?.[0] ?? '';

const variableFor = (name: string) => `YOUR_${name.toUpperCase()}`;

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
