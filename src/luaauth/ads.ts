import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { decodeList, isId, isName, objectDecoder } from './decoders.ts';
import { mapOf } from './documented-form.ts';
import { a, read, write } from './endpoint.ts';
import { isObject } from './envelope.ts';
import { project } from './projects.ts';
import { listsOf, resource, sent } from './resource.ts';
import { AD_PROVIDER_SETTING, AD_SYSTEM, type WireAdSystem } from './wire.ts';

const adSystem = resource('ad system', 'system_id', { project_id: project });

const decodeAdSystem = objectDecoder('ad system', AD_SYSTEM);

export type AdSystem = ReturnType<typeof decodeAdSystem>;

export const getAdSystem = read('GET /ads/systems/:system_id', {
  member: 'system',
  documented: { system: AD_SYSTEM },
  answer: decodeAdSystem,
  repeats: { id: 'system_id' },
  partOf: [adSystem],
  shows: adSystem,
  freshFor: 'ads',
});

/** `GET /ads/systems`: without pages. The fate of systems of a deleted project is not documented. */
export const getAdSystems = read('GET /ads/systems', {
  documented: { systems: [AD_SYSTEM] },
  answer: (about, { systems }) => decodeList(about, 'ad systems', systems, decodeAdSystem),
  partOf: [listsOf(adSystem), listsOf(project)],
  freshFor: 'ads',
  narrow: (systems, hasAccess) => systems.filter(({ project_id }) => hasAccess(project, project_id)),
});

export interface AdProvider {
  readonly name: string;
  readonly settings: readonly AdProviderSetting[];
}

const decodeSetting = objectDecoder('ad provider setting', AD_PROVIDER_SETTING);

export type AdProviderSetting = ReturnType<typeof decodeSetting>;

export const getAdProviders = read('GET /ads/providers', {
  documented: { providers: mapOf([AD_PROVIDER_SETTING]) },
  answer: (about, { providers }) => decodeProviders(about, providers),
  partOf: [],
  freshFor: 'ads',
  isPublic: true,
});

function decodeProviders(about: About, providers: unknown): AdProvider[] {
  if (!isObject(providers)) throw new BadResponse(about, 'it has no ad providers');
  return Object.entries(providers).map(([name, settings]) => {
    if (!isName(name)) throw new BadResponse(about, 'it has no usable name of an ad provider');
    return { name, settings: decodeList(about, 'ad provider settings', settings, decodeSetting) };
  });
}

/** Body of `POST /ads/systems/:system_id/edit`: an absent field stays as it is. Durations are in ms. */
type WireAdSystemEdit = Partial<Omit<WireAdSystem, 'id'>>;

/** Sending it again would create another system. */
export const createAdSystem = write('POST /ads/systems/new', {
  payload: a<WireAdSystemEdit & { project_id: string; name: string }>(),
  documented: { system_id: 'id' },
  answer: (about, { system_id }): string => {
    if (!isId(system_id)) throw new BadResponse(about, 'it has no usable "system_id"');
    return system_id;
  },
  touches: [listsOf(adSystem)],
  about: [sent(project, 'project_id')],
  isSentOnce: true,
  refusals: { 0: 'max systems reached', 1: 'account expired', 2: 'project not usable' },
});

/** Its error codes are not documented. */
export const editAdSystem = write('POST /ads/systems/:system_id/edit', {
  payload: a<WireAdSystemEdit>(),
  touches: [adSystem],
  about: [sent(project, 'project_id')],
});
