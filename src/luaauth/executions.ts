import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { type Decoded, isId, isName, objectDecoder } from './decoders.ts';
import { mapOf } from './documented-form.ts';
import { read } from './endpoint.ts';
import { isObject } from './envelope.ts';
import { project } from './projects.ts';
import { listsOf } from './resource.ts';
import { script } from './scripts.ts';

/** An unusable count is an error at its `count` field. */
const decodeDay = objectDecoder('executions', { date: 'name', count: 'count', index: 'count' });

export type DayCount = ReturnType<typeof decodeDay>;

/** By day, in the order of the answer. @throws BadResponse if they are not an object */
function decodeExecutions(about: About, value: unknown): DayCount[] {
  if (!isObject(value)) throw new BadResponse(about, 'it has no executions');
  return Object.entries(value).map(([date, count], index) => decodeDay(about, { date, count, index }));
}

/** In the order of the answer. */
export const getExecutions = read('GET /scripts/:script_id/executions', {
  documented: { executions: mapOf('count') },
  answer: (about, { executions }) => decodeExecutions(about, executions),
  partOf: [script],
  freshFor: 'executions',
});

type ProjectExecutions = Decoded<{
  total: DayCount[];
  scripts: ListedScript[];
}>;

/** A script in the list of a project's executions. An unusable id is undefined. */
export type ListedScript = Decoded<{ id: string; name: string; executions: DayCount[] }>;

const SUM = 'total';

/** `GET /projects/:project_id/executions`: executions of the project and of each script. */
export const getProjectExecutions = read('GET /projects/:project_id/executions', {
  documented: { executions: mapOf(mapOf('count'), SUM) },
  answer: (about, { executions }) => decodeProjectExecutions(about, executions),
  partOf: [project, listsOf(script)],
  freshFor: 'executions',
  narrow: ({ scripts, ...executions }, hasAccess) => ({
    ...executions,
    scripts: scripts?.filter(({ id }) => hasAccess(script, id)),
  }),
});

const SEPARATOR = ' - ';

/** Skips members without the separator: they are not documented. */
function decodeProjectExecutions(about: About, executions: unknown): ProjectExecutions {
  if (!isObject(executions)) throw new BadResponse(about, 'it has no executions');
  const daysOf = (key: string) =>
    isObject(executions[key]) ? decodeExecutions(about, executions[key]) : undefined;
  const total = Object.hasOwn(executions, SUM) ? daysOf(SUM) : undefined;
  const scripts = Object.keys(executions).flatMap((key) => {
    // The form is `NAME - ID`. A name may contain the separator, an id cannot.
    const end = key.lastIndexOf(SEPARATOR);
    if (end === -1) return [];
    const scriptId = key.slice(end + SEPARATOR.length);
    const name = key.slice(0, end);
    const known = { id: isId(scriptId) ? scriptId : undefined, name: isName(name) ? name : undefined };
    return { ...known, executions: daysOf(key), object: 'script in the executions', from: about };
  });
  return { total, scripts, object: 'executions', from: about };
}
