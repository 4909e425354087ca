import { OperationFailed } from './gateway.ts';
import { type Licence, type Licences, Refused } from './licences.ts';

/** A value of an option: text, a number, or the id of a user. */
export type CommandOptions = Readonly<Record<string, string | number | boolean | undefined>>;

/** Everything that a command works with. */
export interface Desk {
  readonly licences: Licences;
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
const USER = { type: 6, name: 'user', description: 'Whose licence.', required: true };
const DAYS = { type: 4, name: 'days', min_value: 1, max_value: 3650 };

/** BAN_MEMBERS, or ADMINISTRATOR. */
export const MAY_USE = (1n << 2n) | (1n << 3n);
export const NOT_ALLOWED = 'This is for members with the permission to ban.';

/** The command as Discord is told of it. Only members who may ban see it, unless a server says otherwise. */
export const COMMAND = {
  name: 'licence',
  description: 'The licences of LuaAuth.',
  default_member_permissions: String(1 << 2),
  contexts: [0],
  options: [
    { type: 1, name: 'lookup', description: 'Shows the licences of a user.', options: [USER] },
    {
      type: 1,
      name: 'extend',
      description: 'Lets a licence run longer.',
      options: [
        USER,
        { ...DAYS, description: 'By how many days.', required: true },
        { type: 3, name: 'key', description: 'The last characters of the key, of a user with several.' },
      ],
    },
    {
      type: 1,
      name: 'ban',
      description: 'Blacklists a user, and ends the sessions of the user, at most 100 in each script.',
      options: [
        USER,
        { type: 3, name: 'reason', description: 'Why.', max_length: 200 },
        { ...DAYS, description: 'For how many days; for good if absent.' },
      ],
    },
    { type: 1, name: 'unban', description: 'Takes a user off the blacklist.', options: [USER] },
    {
      type: 1,
      name: 'kick',
      description: 'Ends the sessions of a user, at most 100 in each script.',
      options: [USER],
    },
  ],
};

type Command = (desk: Desk, found: readonly Licence[], options: CommandOptions) => Promise<string>;

const COMMANDS: Readonly<Record<string, Command>> = { lookup, extend, ban, unban, kick };

/** How a command ended, for the log, and the reply to its sender. Neither contains a licence key. */
interface Outcome {
  readonly result: string;
  readonly text: string;
}

/** Runs a command. Never rejects: what went wrong is a message as well. */
export type RunCommand = (name: string, options: CommandOptions) => Promise<Outcome>;

export function createCommands(desk: Desk): RunCommand {
  /** The last command about each user, while there is one. */
  const last = new Map<unknown, Promise<Outcome>>();
  const run: RunCommand = async (name, options) => {
    try {
      const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
      if (!command) return { result: 'unknown command', text: 'I do not know this command.' };
      const found = await findLicences(desk, options.user);
      return { result: 'done', text: await command(desk, found, options) };
    } catch (error) {
      return outcomeOf(error);
    }
  };
  // One after another for a user: two that extend a licence at once would both begin from the same end of it.
  return async (name, options) => {
    const { user } = options;
    const mine = Promise.resolve(last.get(user)).then(() => run(name, options));
    last.set(user, mine);
    const outcome = await mine;
    if (last.get(user) === mine) last.delete(user);
    return outcome;
  };
}

/** The gateway's table may be older than LuaAuth's own record, which has the last word. */
async function findLicences({ licences }: Desk, user: unknown): Promise<readonly Licence[]> {
  if (typeof user !== 'string') throw new Refused('Say whose licence.');
  const found = await licences.find(user);
  if (found.length === 0) throw new Refused('There is no licence of this user in the table of the gateway.');
  const other = found.find(({ discordId }) => discordId !== user);
  if (!other) return found;
  throw new Refused(
    other.discordId
      ? 'LuaAuth says that this licence belongs to another Discord account. Nothing was done: mend the table.'
      : 'LuaAuth has no Discord account for this licence. Nothing was done: link it first.',
  );
}

const endOf = (key: string): string => `…${key.slice(-4)}`;

async function lookup(_desk: Desk, found: readonly Licence[]): Promise<string> {
  return found
    .map((licence) => `${found.length > 1 ? `**${endOf(licence.key)}** ` : ''}${describe(licence)}`)
    .join('\n\n');
}

function describe({ keyExpiresAt, executions, lastResetAt, note, blacklist: kept }: Licence): string {
  return [
    keyExpiresAt ? `Expires ${timeOf(keyExpiresAt)}.` : 'Never expires.',
    `Executed scripts ${executions} times.`,
    lastResetAt ? `Fingerprint reset ${timeOf(lastResetAt)}.` : 'Fingerprint never reset.',
    ...(kept
      ? [
          `Blacklisted ${kept.expiresAt ? `until ${timeOf(kept.expiresAt)}` : 'for good'}${kept.reason ? `: ${kept.reason}` : ''}.`,
        ]
      : []),
    ...(note ? [`Note: ${note}`] : []),
  ].join('\n');
}

async function extend({ licences, now }: Desk, found: readonly Licence[], { days, key }: CommandOptions) {
  if (typeof days !== 'number') throw new Refused('Say by how many days.');
  const [licence, ...others] = found.filter((known) => known.key.endsWith(String(key ?? '')));
  if (!licence || others.length > 0) {
    const ends = found.map((known) => endOf(known.key)).join(', ');
    throw new Refused(`Say which key, by its last characters: ${ends}. Nothing was changed.`);
  }
  if (!licence.keyExpiresAt) return 'This licence never expires: there is nothing to extend.';
  // The days of an expired licence count from now.
  const from = Math.max(Date.parse(licence.keyExpiresAt), now());
  const until = new Date(from + days * DAY_MS);
  await licences.setExpiry(licence.key, until);
  return `Extended by ${days} days, until ${timeOf(until.toISOString())}.`;
}

/** LuaAuth does not say whether a blacklist ends sessions, so this ends them as well. */
async function ban(desk: Desk, found: readonly Licence[], { reason, days }: CommandOptions): Promise<string> {
  const until = typeof days === 'number' ? new Date(desk.now() + days * DAY_MS) : undefined;
  const why = typeof reason === 'string' ? reason : undefined;
  const isNew = await each(
    found.filter(({ blacklist }) => !blacklist),
    ({ key }) => desk.licences.blacklist(key, why, until),
  );
  const known = found[0]?.blacklist?.reason;
  const said = isNew
    ? `Banned ${until ? `until ${timeOf(until.toISOString())}` : 'for good'}.`
    : `Already banned${known ? `: ${known}` : ''}.`;
  try {
    return `${said} ${await kick(desk, found)}`;
  } catch (error) {
    throw new Refused(`${said} The user may still be connected. ${outcomeOf(error).text}`);
  }
}

async function unban({ licences }: Desk, found: readonly Licence[]): Promise<string> {
  const isDone = await each(
    found.filter(({ blacklist }) => blacklist),
    ({ key }) => licences.unblacklist(key),
  );
  return isDone ? 'Unbanned.' : 'Not banned: there is nothing to do.';
}

async function kick({ licences }: Desk, found: readonly Licence[]): Promise<string> {
  let count = 0;
  await each(found, async ({ key }) => {
    count += await licences.kick(key);
  });
  return count === 0
    ? 'Not connected.'
    : `Ended ${count} ${count === 1 ? 'session' : 'sessions'}. LuaAuth may show them for a while.`;
}

/** Writes once for each licence. False: there is none. @throws Refused if a write fails after others were done */
async function each(found: readonly Licence[], write: (licence: Licence) => Promise<void>): Promise<boolean> {
  for (const [index, licence] of found.entries()) {
    try {
      await write(licence);
    } catch (error) {
      if (index === 0) throw error;
      throw new Refused(
        `Done for ${index} of ${found.length} licences. Then, for ${endOf(licence.key)}: ${outcomeOf(error).text}`,
      );
    }
  }
  return found.length > 0;
}

/** Discord shows it in the reader's own time zone. */
function timeOf(instant: string): string {
  return `<t:${Math.floor(Date.parse(instant) / 1000)}:f>`;
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof Refused) return { result: 'refused', text: error.message };
  if (!(error instanceof OperationFailed))
    return { result: 'a mistake', text: 'Something went wrong in the bot.' };
  const { code, isInDoubt } = error;
  const text = isInDoubt
    ? 'It may have been done all the same: look it up before you try again.'
    : code === 'RATE_LIMITED'
      ? 'LuaAuth has no room at the moment. Nothing was done: try again soon.'
      : code === 'FORBIDDEN'
        ? 'Refused: LuaAuth has no such licence, the key of the bot may not do this, or the gateway has no USERS_FILE.'
        : `Nothing was done (${code}).`;
  return { result: code, text };
}
