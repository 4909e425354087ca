import { VARIABLE_NAMES } from './env-variables.ts';
import type { Environment } from './environment.ts';

/** How the names begin that only the gateway reads. Any machine may have others, such as HOST. */
const OURS = /^(?:LUA_?AUTH|GATEWAY|MAX|METRICS|REDIS|LIVE|PERSISTED|SHUTDOWN|CORS|CACHE_TTL)_/i;

/** Variables that Kubernetes and Docker set for a service that is called `gateway`, `metrics` or `redis`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//;

/** Docker Compose has settings of its own in the same file. */
const COMPOSE = /^COMPOSE_/;

const MOST_EDITS = 3;

/**
 * The problem with each variable that is set and that the gateway does not read: any in the file, and outside of it those
 * that begin like ours. Left alone, a typo would run the gateway with a default in the setting's place.
 */
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
  // Versions of Node read a file in orders of their own.
  return names.filter((name) => !VARIABLE_NAMES.includes(name)).sort();
}

function isLikeOurs(name: string, value: string): boolean {
  return OURS.test(name) && !SERVICE_LINK.test(name) && !SERVICE_URL.test(value);
}

function adviceFor(name: string): string {
  const { known, edits } = nearest(name);
  // Where no letter would stay, none was meant.
  return edits <= MOST_EDITS && edits < name.length
    ? `Did you mean ${known}?`
    : 'Remove it; "luaauth-graphql serve --help" tells of those that there are.';
}

function nearest(name: string): { known: string; edits: number } {
  const given = name.toUpperCase();
  let found = { known: '', edits: Number.POSITIVE_INFINITY };
  for (const known of VARIABLE_NAMES) {
    // Each letter more or less is an edit: a machine has many names, and few are near to one of ours.
    if (Math.abs(known.length - given.length) > MOST_EDITS) continue;
    const edits = editsBetween(given, known);
    if (edits < found.edits) found = { known, edits };
  }
  return found;
}

/** How many letters must be added, left out or changed to make one text of the other (Levenshtein). */
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
