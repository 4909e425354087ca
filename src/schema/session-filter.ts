import type { SessionMatch } from '../luaauth/scripts.ts';
import { checkText } from './argument.ts';
import { builder } from './builder.ts';

export const SessionFilter = builder.inputType('SessionFilter', {
  description:
    'What a session must have. All that is given must match; an absent or null field does not narrow.',
  fields: (t) => ({
    userKey: t.string({
      description: "The user's licence key. It travels to LuaAuth in the URL of the REST call.",
    }),
    robloxId: t.id({ description: "The user's id on Roblox, in digits." }),
    placeId: t.id({ description: 'The id of the Roblox place, in digits.' }),
    jobId: t.id({ description: 'The id of the Roblox server.' }),
  }),
});

/** What a filter narrows to; undefined: nothing. @throws BAD_USER_INPUT */
export function readFilter(filter: typeof SessionFilter.$inferInput): SessionMatch | undefined {
  const { userKey, robloxId, placeId, jobId } = filter;
  const match: SessionMatch = {};
  if (userKey != null) match.key = checkText('filter.userKey', userKey, 512);
  if (robloxId != null) match.roblox_id = checkText('filter.robloxId', robloxId, 512);
  if (placeId != null) match.place_id = checkText('filter.placeId', placeId, 512);
  if (jobId != null) match.job_id = checkText('filter.jobId', jobId, 512);
  return Object.keys(match).length > 0 ? match : undefined;
}
