import { ID_FORM, isId } from '../../luaauth/decoders.ts';
import type { ProbedIds } from './probed-reads.ts';

const NAMES = ['script', 'project', 'key'] as const;
const GIVE = 'Give script=ID, project=ID or key=KEY';

/** Reads the ids for `check --probe`, such as `script=ID`. Returns a text without values if they are wrong. */
export function readProbeArguments(given: readonly string[]): ProbedIds | string {
  const ids: { [Name in (typeof NAMES)[number]]?: string } = {};
  for (const [index, argument] of given.entries()) {
    const at = argument.indexOf('=');
    const word = argument.slice(0, at);
    const name = NAMES.find((one) => one === word);
    if (name === undefined) {
      const what = at > 0 && /^[\w-]{1,30}$/.test(word) ? `${word}=` : `argument ${index + 1}`;
      return `${what} is not known. ${GIVE}, each once.`;
    }
    if (ids[name] !== undefined) return `${name}= is given twice. Give it once.`;
    const id = argument.slice(at + 1);
    if (!isId(id)) return `${name}= is not followed by an id. An id is ${ID_FORM}.`;
    ids[name] = id;
  }
  return ids;
}
