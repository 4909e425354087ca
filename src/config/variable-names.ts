import { VARIABLE_NAMES } from './env-variables.ts';
import type { Environment } from './environment.ts';

/** The beginnings of names that only the gateway reads. Other names, such as HOST, may exist on any machine. */
const OURS = /^(?:LUA_?AUTH|GATEWAY|MAX|METRICS|REDIS|LIVE|PERSISTED|SHUTDOWN|CORS|CACHE_TTL)_/i;

/** Variables that Kubernetes and Docker set for a service called `gateway`, `metrics` or `redis`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//;

/** Docker Compose reads its own settings from the same file. */
const COMPOSE = /^COMPOSE_/;

/** All unknown names in the file, and outside it names that begin like ours: a typo would run the gateway with a default. */
export function findUnknownNames(dotEnv: Environment, outer: Environment): string[] {
  const inFile = unknownOf(dotEnv).filter((name) => !COMPOSE.test(name));
  const outside = unknownOf(outer).filter(
    (name) => !inFile.includes(name) && isLikeOurs(name, outer[name] as string),
  );
  const say = (name: string, how: string) =>
    `${name}: ${how}, but there is no such variable. ${adviceFor(name)}`;
  return [
    ...inFile.map((name) => say(name, '.env sets it')),
    ...outside.map((name) => say(name, 'it is set')),
  ];
}

function unknownOf(given: Environment): string[] {
  const names = Object.keys(given).filter((name) => given[name]);
  // Versions of Node read a file in different orders.
  return names.filter((name) => !VARIABLE_NAMES.includes(name)).sort();
}

function isLikeOurs(name: string, value: string): boolean {
  return OURS.test(name) && !SERVICE_LINK.test(name) && !SERVICE_URL.test(value);
}

function adviceFor(name: string): string {
  const given = name.toUpperCase();
  const byEdits = VARIABLE_NAMES.map((known) => ({ known, edits: editsBetween(given, known) }));
  const [nearest] = byEdits.sort((one, other) => one.edits - other.edits);
  return nearest && nearest.edits <= 2
    ? `Did you mean ${nearest.known}?`
    : 'Correct its name, or remove it; "luaauth-graphql serve --help" lists all variables.';
}

/** The number of letters to add, remove or change to get from one text to the other (Levenshtein). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
