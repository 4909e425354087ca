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

/** A note for each variable that is gone and still set. */
export function notesOnGoneVariables(environment: Environment): string[] {
  const set = Object.entries(GONE_VARIABLES).filter(([name]) => environment[name]);
  return set.map(([name, instead]) => `${name}: this variable is gone. ${instead}`);
}

function unknownOf(given: Environment): string[] {
  const names = Object.keys(given).filter((name) => given[name]);
  // Versions of Node read a file in different orders.
  return names.filter((name) => !VARIABLE_NAMES.includes(name) && !(name in GONE_VARIABLES)).sort();
}

function isLikeOurs(name: string, value: string): boolean {
  return OURS.test(name) && !SERVICE_LINK.test(name) && !SERVICE_URL.test(value);
}

/** Names the variables that begin with the same word. */
function adviceFor(name: string): string {
  const [word] = /^[A-Z]+_/.exec(name.toUpperCase()) ?? [];
  const alike = VARIABLE_NAMES.filter((known) => word !== undefined && known.startsWith(word));
  return alike.length > 0
    ? `There are ${alike.join(', ')}.`
    : 'Remove it; "luaauth-graphql serve --help" lists all variables.';
}
