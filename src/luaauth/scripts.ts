import { objectDecoder } from './decoders.ts';
import { a, read, write } from './endpoint.ts';
import { project } from './projects.ts';
import { resource } from './resource.ts';
import { SCRIPT, type WireScriptEdit } from './wire.ts';

export const script = resource('script', 'script_id', { project_id: project });

const decodeScript = objectDecoder('script', SCRIPT);

export type Script = ReturnType<typeof decodeScript>;

export const getScript = read('GET /scripts/:script_id', {
  member: 'script',
  documented: { script: SCRIPT },
  answer: decodeScript,
  repeats: { id: 'script_id' },
  partOf: [script],
  shows: script,
  freshFor: 'scripts',
});

/** No write to a script returns the new state. */
export const editScript = write('POST /scripts/:script_id/edit', {
  payload: a<WireScriptEdit>(),
  touches: [script],
  refusals: { 0: 'account expired', 1: 'nothing to edit', 2: 'tier too low' },
});

export const removeScript = write('POST /scripts/:script_id/remove', { touches: [script] });

/** LuaAuth protects the source meanwhile, and may take until its own timeout of 100 s. The rest is for transmission. */
const UPDATE_TIMEOUT_MS = 105_000;

/** `script` is the source code. The endpoint's own error codes are not documented. */
export const updateScript = write('POST /scripts/:script_id/update', {
  payload: a<{ script: string }>(),
  touches: [script],
  timeoutMs: UPDATE_TIMEOUT_MS,
  extendsDeadline: true,
  ifUnknown:
    'LuaAuth may still be working on it, and no read shows the source. Wait two minutes, then look in the LuaAuth dashboard or run the script, before you try again',
});

/** `state` is whether the script is enabled. */
export const toggleScript = write('POST /scripts/:script_id/toggle', {
  payload: a<{ state: boolean }>(),
  touches: [script],
});
