import type { About, Origin } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { type KeysAt, keyOrderOf } from '../transport/json-key-order.ts';
import { boolean, count, type Decoded, id, isId, objectDecoder, text, textOrNone } from './decoders.ts';
import { readEndpoint, writeEndpoint } from './endpoint.ts';
import { isObject } from './envelope.ts';
import { type DayCount, decodeExecutions } from './executions.ts';
import type { WireProject, WireProjectEdit } from './wire.ts';

/** A project as decoded: a webhook that is missing or empty is null. */
export type Project = Decoded<ProjectShape>;

type Webhook = 'execution_webhook' | 'information_webhook' | 'blacklist_webhook';

type ProjectShape = Omit<WireProject, Webhook> & Record<Webhook, string | null>;

/** The executions of a whole project. */
export type ProjectExecutions = Decoded<{
  /** Of all scripts together. */
  total: DayCount[];
  /** Those that the API lists, in its order. */
  scripts: ListedScript[];
}>;

/** A script as the project's executions tell of it; its id is undefined where there is none that can be used. */
export type ListedScript = Decoded<{ id: string; name: string; executions: DayCount[] }>;

const decodeProject = objectDecoder<ProjectShape>('project', {
  id,
  name: text,
  fingerprint_reset_cooldown: count,
  allow_fingerprint_resets: boolean,
  delete_expired_users: boolean,
  execution_webhook: textOrNone,
  information_webhook: textOrNone,
  blacklist_webhook: textOrNone,
  total_executions: count,
});

/** `GET /projects/:project_id` */
export const getProject = readEndpoint<Project>()(
  'GET /projects/:project_id',
  (about, answer) => decodeProject(about, answer.project),
  { id: 'project_id' },
);

/** The executions of all projects that a key can see: a write to a script does not know whose list it changes. */
export const executionsOfProjects = ({ account }: Origin) => `executions of the projects of ${account}`;

/** `GET /projects/:project_id/executions` */
export const getProjectExecutions = readEndpoint<ProjectExecutions>()(
  'GET /projects/:project_id/executions',
  (about, { executions }, _payload, text) => decodeProjectExecutions(about, executions, keyOrderOf(text)),
  {},
  { widerResource: executionsOfProjects },
);

/*
 * What each write touches, and what its answer carries. What becomes of the scripts and users of a project that is removed
 * is not documented: they are left as they are.
 *
 * | write  | touches                               | answer carries the new state |
 * | ------ | ------------------------------------- | ---------------------------- |
 * | edit   | the project, the project's executions | yes: the whole project       |
 * | remove | the project, the project's executions | no                           |
 */
const ALL_OF_A_PROJECT = ['GET /projects/:project_id', 'GET /projects/:project_id/executions'] as const;

/** `POST /projects/:project_id/edit`. Undefined: it was carried out, but the answer carries no project. */
export const editProject = writeEndpoint<WireProjectEdit, Project | undefined>()(
  'POST /projects/:project_id/edit',
  ALL_OF_A_PROJECT,
  { 0: 'account expired', 1: 'nothing to edit' },
  (about, answer) => (isObject(answer.project) ? decodeProject(about, answer.project) : undefined),
  { id: 'project_id' },
);

/** `POST /projects/:project_id/remove` */
export const removeProject = writeEndpoint()('POST /projects/:project_id/remove', ALL_OF_A_PROJECT);

const SUM = 'total';
const SEPARATOR = ' - ';

/** Members without the separator are not documented, and passed over. */
function decodeProjectExecutions(about: About, executions: unknown, keysAt: KeysAt): ProjectExecutions {
  if (!isObject(executions)) throw new BadResponse(about, 'it has no executions');
  const daysOf = (key: string) => decodeDays(about, executions[key], keysAt, key);
  const total = Object.hasOwn(executions, SUM) ? daysOf(SUM) : undefined;
  const scripts = Object.keys(executions).flatMap((key) => {
    // `NAME - ID`: a name may contain the separator, an id does not.
    const end = key.lastIndexOf(SEPARATOR);
    if (end === -1) return [];
    const scriptId = key.slice(end + SEPARATOR.length);
    const known = { id: isId(scriptId) ? scriptId : undefined, name: key.slice(0, end) };
    return { ...known, executions: daysOf(key), object: 'script in the executions', from: about };
  });
  return { total, scripts, object: 'executions', from: about };
}

/** Days that cannot be used spoil nothing but themselves. */
function decodeDays(about: About, value: unknown, keysAt: KeysAt, key: string): DayCount[] | undefined {
  return isObject(value) ? decodeExecutions(about, value, keysAt, ['executions', key]) : undefined;
}
