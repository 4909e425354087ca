import { VARIABLE_NAMES } from './env-variables.ts';
import type { Environment } from './environment.ts';
import { GONE_VARIABLES } from './gone-variables.ts';
import { nearest } from './nearest.ts';

/** The beginnings of names that only the gateway reads. Other names, such as HOST, may exist on any machine. */
const OURS = /^(?:LUA_?AUTH|GATEWAY|MAX|METRICS|REDIS|LIVE|PERSISTED|SHUTDOWN|CORS|CACHE_TTL)_/i;

/** Variables that Kubernetes and Docker set for a service called `gateway`, `metrics` or `redis`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//;

/** Docker Compose reads its own settings from the same file. */
const COMPOSE = /^COMPOSE_/;

/** Shorter names are similar by chance. */
const SHORTEST_TYPO = 6;

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

/** Notes on names outside of the file that any program may have, but that look like a typo. */
export function notesOnNames(outer: Environment): string[] {
  const others = unknownOf(outer).filter((name) => !OURS.test(name) && name.length >= SHORTEST_TYPO);
  return others.flatMap((name) => {
    const meant = nearest(name, VARIABLE_NAMES);
    return meant === undefined
      ? []
      : `${name}: it is set, but there is no such variable. Did you mean ${meant}?`;
  });
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
  const meant = nearest(name, VARIABLE_NAMES);
  return meant === undefined
    ? 'Remove it; "luaauth-graphql serve --help" lists all variables.'
    : `Did you mean ${meant}?`;
}
