import type { ServerResponse } from 'node:http';
import { createRandom } from '../../src/features/sandbox/random.ts';
import { contentOf, wireSession } from '../support/api/plain-api.ts';
import type { Recorded } from '../support/api/recorder.ts';
import { hashOf } from '../support/random/seeded.ts';

/** The behaviour of the REST side during a run. */
export interface Temper {
  readonly seed: number;
  /** The share of answers that fail. */
  readonly failed: number;
  /** In the others, the share of members and lists that are not as documented. */
  readonly spoilt: number;
}

interface GeneratedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Stands for an integer that JSON.stringify would round. */
const digits = (text: string) => `<${text}>`;
const DIGITS = /"<(-?\d+)>"/g;

/** Values that may stand where something else should. */
const STRANGERS: readonly [unknown, ...unknown[]] = [
  null,
  '',
  'x',
  '..',
  0,
  -1,
  1.5,
  true,
  [],
  {},
  [null],
  { ['__proto__']: { id: 'a' } },
  digits('9007199254740991'),
  digits('9007199254740993'),
  digits('123456789012345678901234567890'),
  digits(`-${'9'.repeat(70)}`),
  8.64e15,
  1e300,
  '\ud83c\udf12 \u2028 "\\',
  'long '.repeat(2_000),
  '__proto__',
];

/** What else the API may give for these members. */
const VALUES: Readonly<Record<string, readonly [unknown, ...unknown[]]>> = {
  free_for_all: [true, false],
  enabled: [true, false],
  total_executions: [0, 5_000_000_000, digits('9007199254740991')],
  fingerprint_reset_cooldown: [0, 5_000_000_000],
  execution_webhook: ['', 'https://hooks.example.com/x'],
  discord_id: [null, '', '365843484059632433', digits('365843484059632433')],
  key_expires: [null, 1_770_624_500_000],
  note: [null, '', 'a note'],
  blacklisted: [true, false],
  blacklist_reason: [null, 'a reason'],
  user_key: [null, 'key-1', 'key-2', undefined],
  roblox_id: [1, 2 ** 40, digits('12345678901234567890')],
};

const REFUSALS: readonly [object, ...object[]] = [
  { code: -1, message: 'unauthorized or invalid request', failed: ['not yours', 'nor theirs'] },
  { code: -1, message: 'unauthorized or invalid request', failed: [] },
  {
    code: -1,
    message: 'unauthorized or invalid request',
    failed: [
      { field: 'name', errors: ['too short'] },
      { field: 'script_id', errors: [{ message: 'is none', errors: ['a', 'b'] }, 7] },
    ],
  },
  { code: -1, message: 'internal server error' },
  { code: -1, message: 'invalid endpoint' },
  { code: 0, message: 'account expired' },
  { code: 1, message: 'cannot edit nothing' },
  { code: 2, message: 'tier too low' },
  { code: 1, message: 'key already exists with this discord' },
  { code: 0, message: 'user already blacklisted' },
  { code: 0, message: 'user not blacklisted' },
  { code: 77, message: '<b>"unheard of"</b>' },
  { code: '3' },
  { code: 1.5, message: 'x' },
  { message: 'no code' },
];

const WRITE = /\/(edit|update|toggle|remove|blacklist|unblacklist)$/;

/**
 * Answers as the REST API might. The answer depends only on the request's method, target and body, and on the temper, so
 * equal requests get equal answers.
 */
export function answerAsGenerated(
  { seed, failed, spoilt }: Temper,
  { line, body }: Recorded,
  response: ServerResponse,
): void {
  const { whole, chance, pick } = createRandom(seed ^ hashOf(`${line}\n${body}`));

  const executions = () =>
    Object.fromEntries(Array.from({ length: whole(0, 4) }, (_, day) => [`01/0${day + 1}`, day * 7]));

  /** The executions of a project: of scripts that there are, of some that there are not, and of what is no script. */
  const listing = () => {
    const scripts = ['script-1', 'script-2', 'script-3', 'a', pick(['', 'b c', 'd - e'])]
      .filter(() => chance(0.5))
      .map((id) => [`${pick(['total', 'a - b', ''])} - ${id}`, executions()]);
    return Object.fromEntries([...(chance(0.8) ? [['total', executions()]] : []), ...scripts]);
  };

  const sessionOf = (scriptId: string, id: string) => ({
    ...wireSession(scriptId, `job ${whole(1, 9)}`),
    id,
  });

  const content = (): object => {
    const [, kind = '', id = ''] = line.split(/[ /?]+/);
    if (kind === 'sessions') return { session: sessionOf(`script-${whole(1, 3)}`, id) };
    if (/\/executions$/.test(line)) return { executions: kind === 'projects' ? listing() : executions() };
    if (!/\/sessions($|\/filter)/.test(line)) return contentOf(line, `name ${whole(1, 9)} of ${id}`);
    const { from, limit } = rangeOf(line, body);
    const length = Math.min(limit, Math.max(0, whole(0, 6) - from));
    const row = (index: number) => sessionOf(id, `session-${from + index}-of-${id}`.slice(0, 60));
    return { sessions: Array.from({ length }, (_, index) => row(index)) };
  };

  /** A value as the API may give it, or with something else in its place or below it. Undefined leaves a member out. */
  const vary = (value: unknown, name = ''): unknown => {
    if (chance(spoilt)) return chance(0.3) ? undefined : pick(STRANGERS);
    if (Object.hasOwn(VALUES, name)) return pick(VALUES[name] ?? [value]);
    if (Array.isArray(value)) return varyRows(value.map((row) => vary(row)));
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).map(([key, below]) => [key, vary(below, key)]);
    if (chance(spoilt)) members.push(['__proto__', { name: 'from the prototype', id: 'x' }]);
    return Object.fromEntries(members);
  };

  const varyRows = (rows: readonly unknown[]) => {
    if (!chance(spoilt)) return rows;
    // The second has more rows than were asked for, the last one that belongs elsewhere.
    const more = Array.from({ length: 60 }, (_, index) => sessionOf('script-1', `more-${index}`));
    return pick([[...rows, null], more, [...rows, ...rows], [{}, ...rows], [[rows]], [...rows, more[0]]]);
  };

  const ofJson = (value: unknown, status = 200, headers = {}): GeneratedAnswer => {
    return { status, headers, text: JSON.stringify(value).replace(DIGITS, '$1') };
  };
  const refusal = (status = 200) => ofJson({ success: false, error: pick(REFUSALS) }, status);
  const success = () => ({ success: true, ...(vary(content()) as object) });

  const fault = (): GeneratedAnswer => {
    const right = JSON.stringify(success());
    return pick<() => GeneratedAnswer>([
      () => refusal(pick([200, 200, 400, 403, 500, 502])),
      refusal,
      refusal,
      // Longer than any call may take: time stands still, and so the pause never ends.
      () =>
        ofJson({ success: false, error: { code: -1, message: 'ratelimited' } }, 200, {
          'retry-after': '300',
        }),
      () => ({ text: '<html>', status: pick([200, 404, 500, 502, 503, 504]) }),
      () => ({ text: '', status: pick([200, 500, 503]) }),
      () => ({ text: right.slice(0, whole(0, right.length - 1)) }),
      () => ({ text: `[${right}]` }),
      () => ({
        text: pick(['null', '1', '"x"', '{}', '{"success":"true"}', '{"success":true,"success":false}']),
      }),
      () => ({ text: '{"__proto__":{"success":true},"success":true}' }),
      () => ({ text: right, status: pick([201, 299, 304, 404, 500]) }),
      () => ofJson({ success: true, script: pick(STRANGERS), sessions: {}, executions: [] }),
      () => ofJson({ ...success(), success: pick([null, 1, 'true', false]) }),
    ])();
  };

  const answer = () => {
    if (chance(failed)) return fault();
    return WRITE.test(line) && chance(0.3) ? refusal() : ofJson(success());
  };
  const { status = 200, headers, text } = answer();
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

/** Which rows of a list are asked for. */
function rangeOf(line: string, body: string): { from: number; limit: number } {
  const query = new URL(line.split(' ')[1] ?? '', 'http://api').searchParams;
  const { from = query.get('from'), limit = query.get('limit') } = body === '' ? {} : JSON.parse(body);
  return { from: Number(from ?? 0), limit: Number(limit ?? 50) };
}
