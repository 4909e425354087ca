import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../context.ts';
import {
  type AdProviderSetting as AdProviderSettingShape,
  type AdProvider as AdProviderShape,
  type AdSystem as AdSystemShape,
  createAdSystem,
  editAdSystem,
  getAdProviders,
  getAdSystem,
  getAdSystems,
} from '../luaauth/ads.ts';
import { usable } from '../luaauth/decoders.ts';
import { getProject, type Project as ProjectShape } from '../luaauth/projects.ts';
import { selectsOnlyFree } from '../plan/look-ahead.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { byId } from './by-id.ts';
import { defineMutation, readAgain } from './define-mutation.ts';
import { defineLoader, loadableRef, oneByOne } from './loader.ts';
import { idField, nameField, type Settings } from './mutation-input.ts';
import { MAX_READ, Project, TOLD_WITHOUT_PROJECT, tooMany } from './project.ts';

/** The API documents no maximum of systems per project or settings per provider. A longer answer is priced when it arrives. */
const USUAL = 20;

/** Once for each operation. */
const listOf = defineLoader(
  'ad systems',
  oneByOne((api, _account: string) => getAdSystems(api, {})),
);

/** Loads the projects of the list in one batch, so that the loader knows which of them are past the limit. */
const listedProjectsOf = defineLoader<string, ProjectShape>('projects of ad systems', (ids, context) =>
  Promise.all(
    ids.map((id, index) =>
      index < MAX_READ
        ? Project.getDataloader(context)
            .load(id)
            .catch((error: Error) => error)
        : tooMany('The ad systems name', ids.length, 'projects', TOLD_WITHOUT_PROJECT),
    ),
  ),
);

const SETTINGS = {
  keyDurationMs: {
    type: 'SafeInt',
    wire: 'key_duration',
    description: 'How long a key lasts for one completion, in ms.',
  },
  maxKeys: {
    type: 'SafeInt',
    wire: 'max_keys',
    description: 'How many keys a user of the system may have.',
  },
  allowExtending: {
    type: 'Boolean',
    wire: 'allow_extending',
    description: 'Whether a further completion extends a key.',
  },
  maxDurationMs: {
    type: 'SafeInt',
    wire: 'max_duration',
    description: 'The longest time in ms to which a key may be extended.',
  },
} as const satisfies Settings;

const AdSystem = loadableRef('AdSystem', (api, system_id) => getAdSystem(api, { system_id }));

const READ = { scopes: ['ads:read'], cost: getAdSystem, entityKey: { field: 'id', check: checkId } } as const;

builder.objectType(AdSystem, {
  ...READ,
  description:
    'A way for users to earn a key by passing ad checkpoints. It belongs to one project. Reading it costs one REST call, however often the operation selects it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The ad system's id in LuaAuth." }),
    project: t.field({
      type: Project,
      nullable: true,
      description: `The project that the ad system belongs to; null, with an error here, if it cannot be read. The id alone costs no REST call; executions, scripts and ad systems cost their own calls. Any other field costs one call for each distinct project, for the first ${MAX_READ}.`,
      scopes: ['ads:read', 'projects:read'],
      cost: { endpoint: getProject, freeFields: TOLD_WITHOUT_PROJECT },
      usesInfo: true,
      resolve: (system, _args, context, info) => readListed(usable(system, 'project_id'), context, info),
    }),
    name: t.exposeString('name', { description: 'The name that users see.' }),
    keyDurationMs: t.expose('key_duration', SETTINGS.keyDurationMs),
    maxKeys: t.expose('max_keys', SETTINGS.maxKeys),
    allowExtending: t.exposeBoolean('allow_extending', SETTINGS.allowExtending),
    maxDurationMs: t.expose('max_duration', SETTINGS.maxDurationMs),
  }),
});

const AdProviderSettingType = builder.enumType('AdProviderSettingType', {
  description: 'The kind of a setting of an ad provider.',
  values: {
    TOGGLE: { value: 'toggle', description: 'The setting is on or off.' },
    TEXT: { value: 'text', description: 'The setting is a text.' },
    INFO: { value: 'info', description: 'The setting is information and cannot be changed.' },
    UNKNOWN: { value: 'unknown', description: 'The setting has a type that LuaAuth does not document.' },
  },
});

const SETTING_TYPES = ['toggle', 'text', 'info'] as const;

const AdProviderSetting = builder.objectRef<AdProviderSettingShape>('AdProviderSetting').implement({
  scopes: 'inherited',
  description: 'A setting that an ad provider takes.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The setting's id in LuaAuth." }),
    name: t.exposeString('name', { description: "The setting's name." }),
    type: t.field({
      type: AdProviderSettingType,
      description: 'The kind of the setting.',
      resolve: (setting) => SETTING_TYPES.find((type) => type === usable(setting, 'type')) ?? 'unknown',
    }),
    info: t.exposeString('info', {
      nullable: true,
      description: "LuaAuth's explanation of the setting; null: none.",
    }),
  }),
});

const AdProvider = builder.objectRef<AdProviderShape>('AdProvider').implement({
  scopes: 'inherited',
  description: 'A provider of ads that LuaAuth knows.',
  fields: (t) => ({
    name: t.exposeString('name', { description: "The provider's name." }),
    settings: t.field({
      type: [AdProviderSetting],
      description: 'The settings of the provider.',
      resolve: ({ settings }) => settings.slice(),
    }),
  }),
});

byId('adSystem', AdSystem, READ, {
  description:
    'One ad system. An id that is unknown or belongs to another account is an error at this field. Costs one REST call.',
  argument: 'The id of the ad system.',
});

const LIST = { endpoint: getAdSystems, items: () => MAX_READ, perQuery: true } as const;

builder.queryFields((t) => ({
  adSystems: t.field({
    type: [AdSystem],
    nullable: true,
    description:
      'All ad systems of the account. The API lists nothing else for a whole account. Costs one REST call, however often the operation selects the list.',
    scopes: ['ads:read'],
    cost: LIST,
    resolve: (_root, _args, context) => loadList(context),
  }),
  adProviders: t.field({
    type: [AdProvider],
    nullable: true,
    description:
      'The ad providers that LuaAuth knows, with the settings that each takes. Costs one REST call.',
    scopes: ['ads:read'],
    cost: { endpoint: getAdProviders, items: () => USUAL },
    resolve: (_root, _args, { caller }) => getAdProviders(caller.api, {}),
  }),
  knownProjects: t.field({
    type: [Project],
    nullable: { list: true, items: true },
    description: `The projects that the account's ad systems name, each once, in the order of that list. The API has no list of all projects. A project that cannot be read is null, with an error at its index. Costs one REST call, shared with \`adSystems\`. Selecting more than the id costs one more call for each of the first ${MAX_READ} projects. Executions, scripts and ad systems cost their own calls.`,
    scopes: ['ads:read', 'projects:read'],
    cost: {
      ...LIST,
      item: { endpoint: getProject, freeFields: TOLD_WITHOUT_PROJECT, provides: ['id', 'adSystems'] },
    },
    usesInfo: true,
    resolve: async (_root, _args, context, info) => {
      const ids = new Set((await loadList(context)).flatMap(({ project_id }) => project_id ?? []));
      return [...ids].map((id) => readListed(id, context, info));
    },
  }),
}));

builder.objectField(Project, 'adSystems', (t) =>
  t.field({
    type: [AdSystem],
    nullable: true,
    description:
      "The ad systems of the project, taken from the account's list. Costs one REST call, shared with `Query.adSystems` and all other projects of the operation. Null, with an error here, if the list cannot be read.",
    scopes: ['projects:read', 'ads:read'],
    cost: { ...LIST, items: () => USUAL },
    resolve: async (project, _args, context) => {
      const id = usable(project, 'id');
      return (await loadList(context)).filter(({ project_id }) => project_id === id);
    },
  }),
);

function loadList(context: Context): Promise<AdSystemShape[]> {
  return listOf(context).load(context.caller.api.origin.account);
}

function readListed(id: string, context: Context, info: GraphQLResolveInfo) {
  return selectsOnlyFree(info) ? ({ id } as ProjectShape) : listedProjectsOf(context).load(id);
}

defineMutation({
  name: 'createAdSystem',
  effect: 'repeats',
  description:
    'Creates an ad system. Repeating it would create another ad system, so the gateway never sends it twice. If the outcome is unknown, read `adSystems` before you try again. Costs one REST call, two when the ad system is selected.',
  scope: 'ads:write',
  endpoint: createAdSystem,
  input: {
    description:
      'The ad system to create. For an absent or null field LuaAuth sets its default. By default a key lasts one day, each user has one key, and a key can be extended to a week.',
    fields: {
      projectId: idField('project_id', 'The id of the project that the ad system belongs to.'),
      name: { ...nameField('The name that users see.'), isRequired: true },
      ...SETTINGS,
    },
  },
  success: {
    description: 'LuaAuth has created the ad system.',
    fields: (t) => ({
      adSystemId: t.id({ description: 'The id of the new ad system.', resolve: ({ answer }) => answer }),
      adSystem: t.field({
        type: AdSystem,
        nullable: true,
        description: readAgain('ad system'),
        scopes: ['ads:read'],
        cost: getAdSystem,
        resolve: ({ answer }) => answer,
      }),
    }),
  },
});

defineMutation({
  name: 'editAdSystem',
  effect: 'sets',
  description:
    'Changes an ad system. An absent field stays as it is. Repeating it has no further effect. Costs one REST call, two when the ad system is selected.',
  scope: 'ads:write',
  endpoint: editAdSystem,
  isEdit: true,
  input: {
    description:
      'The changes to an ad system. An absent field stays as it is. No field can be cleared, so null and an empty name are refused.',
    fields: {
      id: idField('system_id', 'The id of the ad system.'),
      projectId: {
        ...idField('project_id', 'The id of the project to move the ad system to.'),
        isRequired: false,
      },
      name: nameField('The new name that users see.'),
      ...SETTINGS,
    },
  },
  success: {
    description: 'LuaAuth has changed the ad system.',
    reads: { type: AdSystem, noun: 'ad system', scope: 'ads:read', endpoint: getAdSystem },
  },
});
