import { OperationFailed } from './gateway.ts';
import type { CommandOptions } from './interaction.ts';
import { type Licence, type Licences, Refused } from './licences.ts';
import { isDiscordId, type Table } from './table.ts';

/** Everything that a command works with. */
export interface Desk {
  readonly licences: Licences;
  readonly table: Table;
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
const USER = { type: 6, name: 'user', description: 'Whose licence.', required: true };
const DAYS = { type: 4, name: 'days', min_value: 1, max_value: 3650 };

/** The command as Discord is told of it. Only who may ban members sees it, unless a server says otherwise. */
export const COMMAND = {
  name: 'licence',
  description: 'The licences of LuaAuth.',
  default_member_permissions: String(1 << 2),
  contexts: [0],
  options: [
    { type: 1, name: 'lookup', description: 'Shows a licence.', options: [USER] },
    {
      type: 1,
      name: 'extend',
      description: 'Lets a licence run longer.',
      options: [USER, { ...DAYS, description: 'By how many days.', required: true }],
    },
    {
      type: 1,
      name: 'blacklist',
      description: 'Keeps a user out.',
      options: [
        USER,
        { type: 3, name: 'reason', description: 'Why.', max_length: 200 },
        { ...DAYS, description: 'For how many days; for good if absent.' },
      ],
    },
    { type: 1, name: 'kick', description: 'Ends all sessions of a user.', options: [USER] },
  ],
};

type Command = (desk: Desk, licence: Licence, options: CommandOptions) => Promise<string>;

const COMMANDS: Readonly<Record<string, Command>> = { lookup, extend, blacklist, kick };

/** How a command ended, for the log, and the reply to its sender. Neither contains a licence key. */
export interface Outcome {
  readonly result: string;
  readonly text: string;
}

/** Runs a command. Never rejects: what went wrong is a message as well. */
export async function runCommand(desk: Desk, name: string, options: CommandOptions): Promise<Outcome> {
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) return { result: 'unknown command', text: 'I do not know this command.' };
    const { user } = options;
    if (!isDiscordId(user)) return { result: 'no user', text: 'Say whose licence.' };
    const licence = await findLicence(desk, user);
    return { result: 'done', text: await command(desk, licence, options) };
  } catch (error) {
    return outcomeOf(error);
  }
}

/** The table may be older than LuaAuth's own record, which has the last word. */
async function findLicence({ table, licences }: Desk, discordId: string): Promise<Licence> {
  const key = await table.keyOf(discordId);
  if (key === undefined) throw new Refused('There is no licence of this user in the table.');
  const licence = await licences.read(key);
  if (licence.discordId === discordId) return licence;
  throw new Refused(
    licence.discordId
      ? 'LuaAuth says that this licence belongs to another Discord account. Nothing was done: mend the table.'
      : 'LuaAuth has no Discord account for this licence. Nothing was done: link it first.',
  );
}

async function lookup(_desk: Desk, licence: Licence): Promise<string> {
  const { keyExpiresAt, executions, lastResetAt, note, blacklist: kept } = licence;
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

async function extend({ licences, now }: Desk, licence: Licence, { days }: CommandOptions): Promise<string> {
  if (typeof days !== 'number') throw new Refused('Say by how many days.');
  if (!licence.keyExpiresAt) return 'This licence never expires: there is nothing to extend.';
  // The days of an expired licence count from now.
  const from = Math.max(Date.parse(licence.keyExpiresAt), now());
  const until = new Date(from + days * DAY_MS);
  await licences.setExpiry(licence.key, until);
  return `Extended by ${days} days, until ${timeOf(until.toISOString())}.`;
}

async function blacklist(
  { licences, now }: Desk,
  { key }: Licence,
  { reason, days }: CommandOptions,
): Promise<string> {
  const until = typeof days === 'number' ? new Date(now() + days * DAY_MS) : undefined;
  await licences.blacklist(key, typeof reason === 'string' ? reason : undefined, until);
  const end = until ? `until ${timeOf(until.toISOString())}` : 'for good';
  return `Blacklisted ${end}. A connected user may stay connected: kick the user as well.`;
}

async function kick({ licences }: Desk, { key }: Licence): Promise<string> {
  const count = await licences.kick(key);
  return count === 0
    ? 'Not connected.'
    : `Ended ${count} ${count === 1 ? 'session' : 'sessions'}. LuaAuth may show them for a while.`;
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
        ? 'LuaAuth has no such licence or script, or it belongs to another account.'
        : `Nothing was done (${code}).`;
  return { result: code, text };
}
