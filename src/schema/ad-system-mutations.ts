import { createAdSystem, editAdSystem } from '../luaauth/ads.ts';
import { AD_SYSTEM_SETTINGS, AdSystem } from './ad-system.ts';
import { defineMutation, idField, nameField } from './define-mutation.ts';
import { readAfter } from './entity.ts';

defineMutation({
  name: 'createAdSystem',
  effect: 'repeats',
  description:
    'Makes an ad system. A second time it makes a second one, so it is never sent twice: if the outcome is unknown, read `adSystems` before you try again. Costs one REST call, two when the ad system is selected.',
  scope: 'ads:write',
  endpoint: createAdSystem,
  input: {
    description:
      'The ad system to make. What is absent or null is as LuaAuth sets it: keys of one day, one for each user, to be extended to a week.',
    argument: 'The ad system to make.',
    fields: {
      projectId: idField('project_id', 'The id of the project that it belongs to.'),
      name: { ...nameField('The name that users see.'), isRequired: true },
      ...AD_SYSTEM_SETTINGS,
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
      'What to change of an ad system. An absent field stays as it is. None can be cleared, so null and an empty name are refused.',
    argument: 'The ad system and what to change.',
    fields: {
      id: idField('system_id', 'The id of the ad system.'),
      projectId: {
        ...idField('project_id', 'The id of the project that it belongs to from now on.'),
        isRequired: false,
      },
      name: nameField('The new name that users see.'),
      ...AD_SYSTEM_SETTINGS,
    },
  },
  success: { description: 'LuaAuth has changed the ad system.', reads: AdSystem },
});
