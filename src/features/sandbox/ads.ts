import type { WireAdProviderSetting } from '../../luaauth/wire.ts';
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
import { adSystemDefaults, firstSystemId, numbered } from './seed-data.ts';

/** The most systems of an account; LuaAuth documents no number. */
const MAX_SYSTEMS = 10;

const providers: Record<string, WireAdProviderSetting[]> = {
  Linkway: [
    { id: 'token', name: 'API token', type: 'text', info: 'From the dashboard of Linkway.' },
    { id: 'strict', name: 'Strict mode', type: 'toggle', info: 'Refuses visitors with a VPN.' },
  ],
  Adgate: [{ id: 'note', name: 'Set up', type: 'info', info: 'Adgate needs nothing.' }],
};

const systemIn = ({ state, id }: SandboxRequest) => find(state.adSystems, id, 'ad system');

const createAdSystem: Endpoint = (request) => {
  const systems = request.state.adSystems;
  const fields = createFields(request.body);
  const [project_id = '', name = ''] = [fields.text('project_id'), fields.text('name')];
  const settings = changesOf(settingsIn(fields));
  fields.check('project_id', 'name');
  if (systems.size >= MAX_SYSTEMS) throw new Refusal(0, 'max systems reached');
  checkAccount(request, 1);
  if (!request.state.projects.has(project_id)) throw new Refusal(2, 'cannot use this project');
  const id = numbered(firstSystemId, systems.size);
  systems.set(id, { ...adSystemDefaults, ...settings, id, project_id, name });
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
  'GET /ads/systems': ({ state }) => ({ systems: [...state.adSystems.values()] }),
  'GET /ads/systems/:system_id': (request) => ({ system: systemIn(request) }),
  'POST /ads/systems/new': createAdSystem,
  'POST /ads/systems/:system_id/edit': editAdSystem,
} satisfies Endpoints;
