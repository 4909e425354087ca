import type { ServerResponse } from 'node:http';
import { createRandom, type Random } from '../../../src/features/sandbox/random.ts';
import { hashOf } from '../random/seeded.ts';
import { wireProject, wireScript, wireUser } from './plain-api.ts';
import type { Recorded } from './recorder.ts';

/** The behaviour of the REST side during a run. */
export interface Temper {
  readonly seed: number;
  /** The share of answers that fail. */
  readonly failed: number;
  /** In the others, the share of lists and fields that are not as documented. */
  readonly spoilt: number;
}

/**
 * Answers as the REST API might. The answer depends only on the request's method, target and body, and on the temper, so
 * equal requests get equal answers.
 */
export function answerAsGenerated(
  { seed, failed, spoilt }: Temper,
  recorded: Recorded,
  response: ServerResponse,
) {
  const { line, body } = recorded;
  const random = createRandom(seed ^ hashOf(`${line}\n${body}`));
  const answer = new Answers(random, failed, spoilt).to(line, body);
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.text);
}

interface GeneratedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;

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

const REFUSALS: readonly [Fields, ...Fields[]] = [
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

class Answers {
  readonly #random: Random;
  readonly #failed: number;
  readonly #spoilt: number;

  constructor(random: Random, failed: number, spoilt: number) {
    this.#random = random;
    this.#failed = failed;
    this.#spoilt = spoilt;
  }

  to(line: string, body: string): GeneratedAnswer {
    if (this.#random.chance(this.#failed)) return this.#fault(line, body);
    if (WRITE.test(line) && this.#random.chance(0.3)) return this.#refusal(200);
    return this.#json({ success: true, ...this.#content(line, body) });
  }

  #content(line: string, body: string): Fields {
    const [, kind, id = ''] = line.split(/[ /?]+/);
    if (kind === 'users') return WRITE.test(line) ? {} : { user: this.#user(id) };
    if (kind === 'projects' && /\/executions$/.test(line)) return { executions: this.#listing() };
    if (kind === 'projects') return line.endsWith('/remove') ? {} : { project: this.#project(id) };
    if (/\/executions$/.test(line)) return { executions: this.#executions() };
    if (/\/sessions($|\/filter)/.test(line)) return { sessions: this.#sessions(id, rangeOf(line, body)) };
    if (kind === 'sessions') return { session: this.#session(id, this.#scriptId()) };
    return line.startsWith('GET') ? { script: this.#script(id) } : {};
  }

  #script(id: string): Fields {
    const { whole, chance } = this.#random;
    return this.#spoil({
      ...wireScript(id),
      name: `name ${whole(1, 9)} of ${id}`,
      free_for_all: chance(0.5),
      enabled: chance(0.5),
      total_executions: chance(0.2) ? digits('9007199254740991') : whole(0, 5_000_000_000),
      total_sessions: whole(0, 9),
    });
  }

  #project(id: string): Fields {
    const { whole, chance } = this.#random;
    return this.#spoil({
      ...wireProject(id),
      name: `name ${whole(1, 9)} of ${id}`,
      fingerprint_reset_cooldown: whole(0, 5_000_000_000),
      execution_webhook: chance(0.5) ? '' : 'https://hooks.example.com/x',
    });
  }

  #user(key: string): Fields {
    const { whole, chance, pick } = this.#random;
    return this.#spoil({
      ...wireUser(key),
      discord_id: pick([null, '', '365843484059632433', digits('365843484059632433')]),
      executions: whole(0, 9),
      key_expires: pick([null, 1_770_624_500_000]),
      note: pick([null, '', 'a note']),
      blacklisted: chance(0.5),
      blacklist_reason: pick([null, 'a reason']),
    });
  }

  /** The executions of a project: of scripts that there are, of some that there are not, and of what is no script. */
  #listing(): unknown {
    const { chance, pick } = this.#random;
    const scripts = ['script-1', 'script-2', 'script-3', 'a', pick(['', 'b c', 'd - e'])]
      .filter(() => chance(0.5))
      .map((id) => [`${pick(['total', 'a - b', ''])} - ${id}`, this.#executions()]);
    const total = chance(0.8) ? [['total', this.#executions()]] : [];
    return this.#spoil(Object.fromEntries([...total, ...scripts, ...(chance(0.1) ? [['other', {}]] : [])]));
  }

  #executions(): unknown {
    const days = Array.from({ length: this.#random.whole(0, 4) }, (_, day) => [`01/0${day + 1}`, day * 7]);
    return this.#spoil(Object.fromEntries(days));
  }

  #sessions(scriptId: string, { from, limit }: { from: number; limit: number }): unknown {
    const length = Math.min(limit, Math.max(0, this.#random.whole(0, 6) - from));
    const rows = Array.from({ length }, (_, index): unknown =>
      this.#session(`session-${from + index}-of-${scriptId}`.slice(0, 60), scriptId),
    );
    if (!this.#isSpoilt()) return rows;
    const { pick } = this.#random;
    return pick([
      // More rows than were asked for.
      Array.from({ length: limit + 1 }, (_, index) => this.#session(`more-${index}`, scriptId)),
      [...rows, null],
      [...rows, ...rows],
      [{}, ...rows],
      [...rows, this.#session('stranger', this.#scriptId())],
      [[rows]],
      {},
    ]);
  }

  #session(id: string, scriptId: string): Fields {
    const { whole, chance, uuid } = this.#random;
    return this.#spoil({
      id,
      ...(chance(0.8) && { user_key: chance(0.5) ? `key-${whole(1, 9)}` : null }),
      script_id: scriptId,
      roblox_id: chance(0.2) ? digits('12345678901234567890') : whole(1, 2 ** 40),
      place_id: whole(1, 2 ** 40),
      job_id: uuid(),
      created_at: 1_770_624_500_000 + whole(0, 100_000),
    });
  }

  #scriptId(): string {
    return `script-${this.#random.whole(1, 3)}`;
  }

  /** Takes fields out or puts something else into them. */
  #spoil(fields: Fields): Fields {
    const { pick } = this.#random;
    const spoilt = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
      if (!this.#isSpoilt()) return [[name, value]];
      return this.#random.chance(0.3) ? [] : [[name, pick(STRANGERS)]];
    });
    if (this.#isSpoilt()) spoilt.push(['__proto__', { name: 'from the prototype', id: 'x' }]);
    return Object.fromEntries(spoilt);
  }

  #isSpoilt(): boolean {
    return this.#random.chance(this.#spoilt);
  }

  #fault(line: string, body: string): GeneratedAnswer {
    const { pick, whole } = this.#random;
    const content = () => this.#content(line, body);
    const right = JSON.stringify({ success: true, ...content() });
    const text = (broken: string, status = 200) => ({ status, headers: {}, text: broken });
    return pick<() => GeneratedAnswer>([
      () => this.#refusal(pick([200, 200, 400, 403, 500, 502])),
      () => this.#refusal(200),
      () => this.#refusal(200),
      // Nothing else of this operation is sent after it: time stands still, and so the pause never ends.
      () => this.#json({ success: false, error: { code: -1, message: 'ratelimited' } }, 200, '60'),
      () => text('<html>', pick([200, 404, 500, 502, 503, 504])),
      () => text('', pick([200, 500, 503])),
      () => text(right.slice(0, whole(0, right.length - 1))),
      () => text(`[${right}]`),
      () => text(pick(['null', '1', '"x"', '{}', '{"success":"true"}', '{"success":true,"success":false}'])),
      () => text('{"__proto__":{"success":true},"success":true}'),
      () => text(right, pick([201, 299, 304, 404, 500])),
      () => this.#json({ success: true, script: pick(STRANGERS), sessions: {}, executions: [] }),
      () => this.#json({ ...content(), success: pick([null, 1, 'true', false]) }),
    ])();
  }

  #refusal(status: number): GeneratedAnswer {
    return this.#json({ success: false, error: this.#random.pick(REFUSALS) }, status);
  }

  #json(body: unknown, status = 200, retryAfter?: string): GeneratedAnswer {
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    return { status, headers, text: JSON.stringify(body).replace(DIGITS, '$1') };
  }
}

/** Which rows of a list are asked for. */
function rangeOf(line: string, body: string): { from: number; limit: number } {
  const query = new URL(line.split(' ')[1] ?? '', 'http://api').searchParams;
  const { from = query.get('from'), limit = query.get('limit') } = body === '' ? {} : JSON.parse(body);
  return { from: Number(from ?? 0), limit: Number(limit ?? 50) };
}
