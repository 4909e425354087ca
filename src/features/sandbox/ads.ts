import type { WireAdProviderSetting, WireAdSystem } from '../../luaauth/wire.ts';
import { changesOf, createEditFields, createFields } from './fields.ts';
import {
  accountExpired,
  failure,
  type Handler,
  type Handlers,
  invalid,
  success,
  unauthorized,
} from './handler.ts';
import { sandboxKeys } from './keys.ts';
import { seeded } from './seed-data.ts';
import { tableOf } from './state.ts';

const dayMs = 86_400_000;

/** The most systems of an account; LuaAuth documents no number. */
const maxSystems = 10;

const unknownSystem = unauthorized('ad system does not exist or is not yours');

const defaults = { key_duration: dayMs, max_keys: 1, allow_extending: true, max_duration: 7 * dayMs };

/** An ad system in the sandbox. The name is null after an edit with `""`. */
type SandboxAdSystem = Omit<WireAdSystem, 'name'> & { name: string | null };

export const adSystemsOf = tableOf<SandboxAdSystem>('ad systems', () => [
  { ...defaults, id: numbered(1), project_id: seeded.projectId, name: 'Daily key' },
  {
    id: numbered(2),
    project_id: seeded.projectId,
    name: 'Weekend key',
    key_duration: 2 * dayMs,
    max_keys: 3,
    allow_extending: false,
    max_duration: 2 * dayMs,
  },
  { ...defaults, id: numbered(3), project_id: seeded.namesProjectId, name: 'Event key' },
]);

const providers: Record<string, WireAdProviderSetting[]> = {
  Linkway: [
    { id: 'token', name: 'API token', type: 'text', info: 'From the dashboard of Linkway.' },
    { id: 'strict', name: 'Strict mode', type: 'toggle', info: 'Refuses visitors with a VPN.' },
  ],
  Adgate: [{ id: 'note', name: 'Set up', type: 'info', info: 'Adgate needs nothing.' }],
};

/** Readable ids for documentation: `…01`, `…02`. */
function numbered(number: number): string {
  return `68ad0000000000000000${number.toString(16).padStart(4, '0')}`;
}

const getAdProviders: Handler = () => success({ providers });

const getAdSystems: Handler = ({ state }) => success({ systems: [...adSystemsOf(state).values()] });

const getAdSystem: Handler = ({ state, id }) => {
  const system = adSystemsOf(state).get(id);
  return system ? success({ system }) : unknownSystem;
};

const createAdSystem: Handler = ({ state, key, body }) => {
  const systems = adSystemsOf(state);
  const fields = createFields(body);
  fields.require('project_id', 'name');
  const [project_id = '', name = ''] = [fields.text('project_id'), fields.text('name')];
  const settings = changesOf(settingsIn(fields));
  if (fields.failed.length > 0) return invalid(fields.failed);
  if (systems.size >= maxSystems) return failure(0, 'max systems reached');
  if (key === sandboxKeys.expired) return accountExpired(1);
  if (!state.projects.has(project_id)) return failure(2, 'cannot use this project');
  const id = numbered(systems.size + 1);
  systems.set(id, { ...defaults, ...settings, id, project_id, name });
  return success({ system_id: id });
};

const editAdSystem: Handler = ({ state, id, body }) => {
  const system = adSystemsOf(state).get(id);
  if (!system) return unknownSystem;
  const fields = createEditFields(body);
  const edit = {
    project_id: fields.text('project_id'),
    name: fields.clearableText('name'),
    ...settingsIn(fields),
  };
  if (fields.failed.length > 0) return invalid(fields.failed);
  Object.assign(system, changesOf(edit));
  return success();
};

function settingsIn(fields: ReturnType<typeof createFields>) {
  return {
    key_duration: fields.whole('key_duration'),
    max_keys: fields.whole('max_keys'),
    allow_extending: fields.flag('allow_extending'),
    max_duration: fields.whole('max_duration'),
  };
}

export const adHandlers = {
  'GET /ads/providers': getAdProviders,
  'GET /ads/systems': getAdSystems,
  'GET /ads/systems/:system_id': getAdSystem,
  'POST /ads/systems/new': createAdSystem,
  'POST /ads/systems/:system_id/edit': editAdSystem,
} satisfies Handlers;
