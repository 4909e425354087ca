import { VARIABLE_NAMES } from './env-variables.ts';
import type { Environment } from './environment.ts';
import { GONE_VARIABLES } from './gone-variables.ts';

/** The beginnings of names that only the gateway reads. Other names, such as HOST, may exist on any machine. */
const OURS = /^(?:LUA_?AUTH|GATEWAY|MAX|METRICS|REDIS|LIVE|PERSISTED|SHUTDOWN|CORS|CACHE_TTL)_/i;

/** Variables that Kubernetes and Docker set for a service called `gateway`, `metrics` or `redis`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//;

/** Docker Compose reads its own settings from the same file. */
const COMPOSE = /^COMPOSE_/;

const MOST_EDITS = 3;

/** All unknown names in the file, and outside it names that begin like ours: a typo would run the gateway with a default. */
export function findUnknownNames(dotEnv: Environment, outer: Environment): string[] {
  const inFile = unknownOf(dotEnv).filter((name) => !COMPOSE.test(name));
  const outside = unknownOf(outer).filter((name) => isLikeOurs(name, outer[name] as string));
  return [
    ...inFile.map((name) => `${name}: .env sets it, but there is no such variable. ${adviceFor(name)}`),
    ...outside
      .filter((name) => !inFile.includes(name))
      .map((name) => `${name}: it is set, but there is no such variable. ${adviceFor(name)}`),
  ];
}

function unknownOf(given: Environment): string[] {
  const names = Object.keys(given).filter((name) => given[name]);
  // Versions of Node read a file in different orders.
  return names.filter((name) => !VARIABLE_NAMES.includes(name) && !(name in GONE_VARIABLES)).sort();
}

function isLikeOurs(name: string, value: string): boolean {
  return OURS.test(name) && !SERVICE_LINK.test(name) && !SERVICE_URL.test(value);
}

function adviceFor(name: string): string {
  const { known, edits } = nearest(name);
  // If every letter would have to change, the names are not similar.
  return edits <= MOST_EDITS && edits < name.length
    ? `Did you mean ${known}?`
    : 'Remove it; "luaauth-graphql serve --help" lists all variables.';
}

function nearest(name: string): { known: string; edits: number } {
  const given = name.toUpperCase();
  let found = { known: '', edits: Number.POSITIVE_INFINITY };
  for (const known of VARIABLE_NAMES) {
    // Each letter more or less is an edit. This fast check skips most names.
    if (Math.abs(known.length - given.length) > MOST_EDITS) continue;
    const edits = editsBetween(given, known);
    if (edits < found.edits) found = { known, edits };
  }
  return found;
}

/** The number of letters to add, remove or change to get from one text to the other (Levenshtein). */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index += 1) {
    const next = [index + 1];
    for (let column = 0; column < other.length; column += 1) {
      const changed = (row[column] as number) + (one[index] === other[column] ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] as number) + 1, (next[column] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
