import type { GraphQLResolveInfo } from 'graphql';
import { inheritsScopes, requiresScopes } from '../callers/scopes.ts';
import type { Context } from '../context.ts';
import {
  type AdProviderSetting as AdProviderSettingShape,
  type AdProvider as AdProviderShape,
  type AdSystem as AdSystemShape,
  adSystem,
  createAdSystem,
  editAdSystem,
  getAdProviders,
  getAdSystem,
  getAdSystems,
} from '../luaauth/ads.ts';
import { usable } from '../luaauth/decoders.ts';
import { getProject, type Project as ProjectShape } from '../luaauth/projects.ts';
import { costs } from '../plan/cost.ts';
import { selectsOnlyBelow } from '../plan/look-ahead.ts';
import { builder } from './builder.ts';
import { defineMutation, idField, nameField } from './define-mutation.ts';
import { defineEntity, readAfter } from './entity.ts';
import { defineBatchLoader, defineLoader, errorOf } from './loader.ts';
import { MAX_READ, Project, TOLD_WITHOUT_PROJECT, tooMany } from './project.ts';
import { setting, wireFields } from './wire-fields.ts';

const read = requiresScopes('ads:read');

/**
 * The API does not say how many systems a project has, and settings a provider; an answer of more is counted when it is
 * there.
 */
const USUAL = 20;

/** The account's list, once for the operation. */
const listOf = defineLoader((api, _account: string) => getAdSystems(api, {}));

/** The projects that the list names. They are loaded in one batch, so that those behind the first ones are known. */
const listedProjectsOf = defineBatchLoader<string, ProjectShape>(
  (_api, ids, context) =>
    Promise.all(
      ids.map((id, index) =>
        index < MAX_READ
          ? Project.loaderOf(context).load(id).catch(errorOf)
          : tooMany('The ad systems name', ids.length, 'projects', TOLD_WITHOUT_PROJECT),
      ),
    ),
  String,
);

/** The fields that an edit can change. */
const SETTINGS = {
  keyDurationMs: setting('SafeInt', 'key_duration', 'How long a key lasts for one completion, in ms.'),
  maxKeys: setting('SafeInt', 'max_keys', 'How many keys a user of the system may have.'),
  allowExtending: setting('Boolean', 'allow_extending', 'Whether a further completion extends a key.'),
  maxDurationMs: setting('SafeInt', 'max_duration', 'To what a key may be extended, in ms.'),
};

const AdSystem = defineEntity('AdSystem', {
  resource: adSystem,
  read: getAdSystem,
  scope: 'ads:read',
  one: 'One ad system. An id that is unknown or belongs to another account is an error at this field. Costs one REST call.',
  description:
    'A way for users to earn a key by passing ad checkpoints. It belongs to one project. Reading it costs one REST call, however often it is selected.',
  fields: (wire, t) => ({
    id: wire.id('id', "The ad system's id in LuaAuth."),
    project: t.field({
      type: Project,
      nullable: true,
      description: `The project that the ad system belongs to; null, with an error here, if it cannot be read. Its id alone costs no REST call, its executions, scripts and ad systems theirs, anything else one for each distinct project, for the first ${MAX_READ}.`,
      extensions: {
        ...requiresScopes('ads:read', 'projects:read'),
        ...costs(getProject, { freeFields: TOLD_WITHOUT_PROJECT }),
      },
      resolve: (system, _args, context, info) => readListed(usable(system, 'project_id'), context, info),
    }),
    name: wire.string('name', 'The name that users see.'),
    ...wire.settings(SETTINGS),
  }),
});

const AdProviderSettingType = builder.enumType('AdProviderSettingType', {
  description: 'The kind of a setting of an ad provider.',
  values: {
    TOGGLE: { value: 'toggle', description: 'It is on or off.' },
    TEXT: { value: 'text', description: 'It is a text.' },
    INFO: { value: 'info', description: 'It tells something, and cannot be set.' },
    UNKNOWN: { value: 'unknown', description: 'It is something that LuaAuth does not document.' },
  },
});

const SETTING_TYPES = ['toggle', 'text', 'info'] as const;

const AdProviderSetting = builder.objectRef<AdProviderSettingShape>('AdProviderSetting').implement({
  extensions: inheritsScopes,
  description: 'A setting that an ad provider takes.',
  fields: (t, wire = wireFields(t)) => ({
    id: wire.id('id', "The setting's id in LuaAuth."),
    name: wire.string('name', "The setting's name."),
    type: t.field({
      type: AdProviderSettingType,
      description: 'The kind of the setting.',
      resolve: (setting) => SETTING_TYPES.find((type) => type === usable(setting, 'type')) ?? 'unknown',
    }),
    info: wire.orNull.string('info', "LuaAuth's words on it; null: none."),
  }),
});

const AdProvider = builder.objectRef<AdProviderShape>('AdProvider').implement({
  extensions: inheritsScopes,
  description: 'A provider of ads that LuaAuth knows.',
  fields: (t) => ({
    name: t.exposeString('name', { description: "The provider's name." }),
    settings: t.field({
      type: [AdProviderSetting],
      description: 'The settings that it takes.',
      resolve: ({ settings }) => settings.slice(),
    }),
  }),
});

const LIST = { items: () => MAX_READ, isOnce: true } as const;

builder.queryFields((t) => ({
  adSystems: t.field({
    type: [AdSystem],
    nullable: true,
    description:
      'All ad systems of the account: the only list of anything by account that the API has. Costs one REST call, however often the list is selected in the operation.',
    extensions: { ...read, ...costs(getAdSystems, LIST) },
    resolve: (_root, _args, context) => loadList(context),
  }),
  adProviders: t.field({
    type: [AdProvider],
    nullable: true,
    description:
      'The ad providers that LuaAuth knows, with the settings that each takes. Costs one REST call.',
    extensions: { ...read, ...costs(getAdProviders, { items: () => USUAL }) },
    resolve: (_root, _args, { caller }) => getAdProviders(caller.api, {}),
  }),
  knownProjects: t.field({
    type: [Project],
    nullable: { list: true, items: true },
    description: `The projects that the account's ad systems name, each once, in the order of the list: not all projects, as the API has no list of them. One that cannot be read is null, with an error at its index. Costs one REST call, shared with \`adSystems\`, and one more for each project of which more is selected than its id, for the first ${MAX_READ}; its executions, scripts and ad systems cost theirs.`,
    extensions: {
      ...requiresScopes('ads:read', 'projects:read'),
      ...costs(getAdSystems, {
        ...LIST,
        item: { endpoint: getProject, freeFields: TOLD_WITHOUT_PROJECT, provides: ['id', 'adSystems'] },
      }),
    },
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
      "The ad systems of the project, out of the account's list. Costs one REST call, shared with `Query.adSystems` and all other projects of the operation. Null, with an error here, when the list cannot be read.",
    extensions: {
      ...requiresScopes('projects:read', 'ads:read'),
      ...costs(getAdSystems, { ...LIST, items: () => USUAL }),
    },
    resolve: async (project, _args, context) => {
      const id = usable(project, 'id');
      return (await loadList(context)).filter(({ project_id }) => project_id === id);
    },
  }),
);

function loadList(context: Context): Promise<AdSystemShape[]> {
  return listOf(context).load(context.caller.api.origin.account);
}

/** A project that an ad system names: its id is known. */
function readListed(id: string, context: Context, info: GraphQLResolveInfo) {
  if (selectsOnlyBelow(info, 'Project', TOLD_WITHOUT_PROJECT)) return { id } as ProjectShape;
  return listedProjectsOf(context).load(id);
}

defineMutation({
  name: 'createAdSystem',
  effect: 'repeats',
  description:
    'Makes an ad system. A second time it makes a second one, so it is never sent twice: if the outcome is unknown, read `adSystems` before you try again. Costs one REST call, two when the ad system is selected.',
  scope: 'ads:write',
  endpoint: createAdSystem,
  input: {
    description:
      'The ad system to make. LuaAuth sets every field that is absent or null: keys of one day, one for each user, to be extended to a week.',
    argument: 'The ad system to make.',
    fields: {
      projectId: idField('project_id', 'The id of the project that it belongs to.'),
      name: { ...nameField('The name that users see.'), isRequired: true },
      ...SETTINGS,
    },
  },
  success: {
    description: 'LuaAuth has made the ad system.',
    fields: (t) => ({
      adSystemId: t.id({ description: 'The id of the new ad system.', resolve: ({ answer }) => answer }),
      adSystem: readAfter(t, AdSystem, ({ answer }) => answer),
    }),
  },
});

defineMutation({
  name: 'editAdSystem',
  effect: 'sets',
  description:
    'Changes an ad system. An absent field stays as it is. Doing it twice is the same as once. Costs one REST call, two when the ad system is selected.',
  scope: 'ads:write',
  endpoint: editAdSystem,
  isEdit: true,
  input: {
    description:
      'The changes to an ad system. An absent field stays as it is. None can be cleared, so null and an empty name are refused.',
    argument: 'The ad system and what to change.',
    fields: {
      id: idField('system_id', 'The id of the ad system.'),
      projectId: {
        ...idField('project_id', 'The id of the project that it belongs to from now on.'),
        isRequired: false,
      },
      name: nameField('The new name that users see.'),
      ...SETTINGS,
    },
  },
  success: { description: 'LuaAuth has changed the ad system.', reads: AdSystem },
});
