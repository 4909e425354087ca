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

/** Other names of the environment that differ little from one of ours. Short ones are left out: HOME is no misspelt HOST. */
export function notesOnSimilarNames(outer: Environment): string[] {
  return unknownOf(outer).flatMap((name) => {
    const nearest = isLikeOurs(name, outer[name] as string) ? undefined : nearestTo(name);
    const isMeant = nearest !== undefined && nearest.length >= SHORTEST_SIMILAR;
    return isMeant
      ? [`${name}: the environment sets it, but there is no such variable. Did you mean ${nearest}?`]
      : [];
  });
}

const SHORTEST_SIMILAR = 7;

function adviceFor(name: string): string {
  const nearest = nearestTo(name);
  return nearest
    ? `Did you mean ${nearest}?`
    : 'Correct its name, or remove it; "luaauth-graphql serve --help" lists all variables.';
}

/** The variable from which the name differs least, if by at most two letters. */
function nearestTo(name: string): string | undefined {
  const given = name.toUpperCase();
  const alike = VARIABLE_NAMES.filter((known) => Math.abs(known.length - given.length) <= 2);
  const byEdits = alike.map((known) => ({ known, edits: editsBetween(given, known) }));
  const [nearest] = byEdits.sort((one, other) => one.edits - other.edits);
  return nearest && nearest.edits <= 2 ? nearest.known : undefined;
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
