import type { WireAdProviderSetting, WireAdSystem } from '../../luaauth/wire.ts';
import {
  changesOf,
  checkAccount,
  createEditFields,
  createFields,
  type Endpoint,
  type Endpoints,
  find,
  Refusal,
  type SandboxRequest,
} from './endpoint.ts';
import { seeded } from './seed-data.ts';
import { tableOf } from './state.ts';

const DAY_MS = 86_400_000;

/** The most systems of an account; LuaAuth documents no number. */
const MAX_SYSTEMS = 10;

const defaults = { key_duration: DAY_MS, max_keys: 1, allow_extending: true, max_duration: 7 * DAY_MS };

/** An ad system in the sandbox. The name is null after an edit with `""`. */
type SandboxAdSystem = Omit<WireAdSystem, 'name'> & { name: string | null };

export const adSystemsOf = tableOf<SandboxAdSystem>('ad systems', () => [
  { ...defaults, id: numbered(1), project_id: seeded.projectId, name: 'Daily key' },
  {
    id: numbered(2),
    project_id: seeded.projectId,
    name: 'Weekend key',
    key_duration: 2 * DAY_MS,
    max_keys: 3,
    allow_extending: false,
    max_duration: 2 * DAY_MS,
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

const systemIn = ({ state, id }: SandboxRequest) => find(adSystemsOf(state), id, 'ad system');

const createAdSystem: Endpoint = (request) => {
  const systems = adSystemsOf(request.state);
  const fields = createFields(request.body);
  const [project_id = '', name = ''] = [fields.text('project_id'), fields.text('name')];
  const settings = changesOf(settingsIn(fields));
  fields.check('project_id', 'name');
  if (systems.size >= MAX_SYSTEMS) throw new Refusal(0, 'max systems reached');
  checkAccount(request, 1);
  if (!request.state.projects.has(project_id)) throw new Refusal(2, 'cannot use this project');
  const id = numbered(systems.size + 1);
  systems.set(id, { ...defaults, ...settings, id, project_id, name });
  return { system_id: id };
};

const editAdSystem: Endpoint = (request) => {
  const system = systemIn(request);
  const fields = createEditFields(request.body);
  const edit = {
    project_id: fields.text('project_id'),
    name: fields.clearableText('name'),
    ...settingsIn(fields),
  };
  fields.check();
  Object.assign(system, changesOf(edit));
  return {};
};

function settingsIn(fields: ReturnType<typeof createFields>) {
  return {
    key_duration: fields.whole('key_duration'),
    max_keys: fields.whole('max_keys'),
    allow_extending: fields.flag('allow_extending'),
    max_duration: fields.whole('max_duration'),
  };
}

export const adEndpoints = {
  'GET /ads/providers': () => ({ providers }),
  'GET /ads/systems': ({ state }) => ({ systems: [...adSystemsOf(state).values()] }),
  'GET /ads/systems/:system_id': (request) => ({ system: systemIn(request) }),
  'POST /ads/systems/new': createAdSystem,
  'POST /ads/systems/:system_id/edit': editAdSystem,
} satisfies Endpoints;
