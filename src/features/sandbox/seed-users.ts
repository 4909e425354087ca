import type { Random } from './random.ts';
import { seeded } from './seed-data.ts';
import type { SandboxState, SandboxUser } from './state.ts';

const executors = ['Cobalt', 'Volt', 'Drift', null] as const;
const notes = [null, null, null, 'beta tester', 'reseller', 'refunded once'] as const;
const dayMs = 86_400_000;
/** 2100-01-01, so that a blacklist of the seed never ends. */
const farFuture = 4_102_444_800_000;

/** Creates 150 licensed users; the first has the key `seeded.userKey`. */
export function seedUsers(state: SandboxState, random: Random, beginsAt: number): void {
  for (let index = 0; index < 150; index += 1) {
    const key = index === 0 ? seeded.userKey : random.hex(24);
    const resets = random.whole(0, 4);
    const blacklisted = index % 37 === 36;
    const assigned = random.chance(0.9);
    const user = {
      key,
      discord_id: random.chance(0.85) ? `${random.whole(10, 99)}${digits(random, 16)}` : null,
      fingerprint_assigned: assigned,
      executor: random.pick(executors),
      executions: random.whole(1, 4000),
      key_expires: random.chance(0.3) ? null : beginsAt + random.whole(1, 90) * dayMs,
      last_reset: resets === 0 ? null : beginsAt - random.whole(1, 60) * dayMs,
      total_fingerprint_resets: resets,
      note: random.pick(notes),
      blacklisted,
      blacklist_reason: blacklisted ? 'shared key' : null,
      blacklist_expires: blacklisted ? farFuture : null,
      luaauth_fingerprint: assigned ? fingerprint(random.hex(40)) : null,
    };
    // Project 1 deletes expired users, and no seeded user may disappear when time passes.
    addUser(state, user, user.key_expires === null ? index % 3 : (index % 2) * 2);
  }
}

/** Creates the users of `seeded` that have no session. */
export function seedNamedUsers(state: SandboxState, beginsAt: number): void {
  const plain: SandboxUser = {
    key: seeded.endlessUserKey,
    discord_id: null,
    fingerprint_assigned: false,
    executor: null,
    executions: 0,
    key_expires: null,
    last_reset: null,
    total_fingerprint_resets: 0,
    note: null,
    blacklisted: false,
    blacklist_reason: null,
    blacklist_expires: null,
    luaauth_fingerprint: null,
  };
  addUser(state, {
    ...plain,
    key: seeded.blacklistedUserKey,
    fingerprint_assigned: true,
    executor: 'Volt',
    executions: 318,
    blacklisted: true,
    blacklist_reason: 'shared key',
    blacklist_expires: farFuture,
    luaauth_fingerprint: fingerprint('5b1f0c77a9e2d4836b50f1a8c3d97e24b60af915'),
  });
  addUser(state, {
    ...plain,
    key: seeded.expiredUserKey,
    executions: 12,
    key_expires: beginsAt - dayMs,
    note: 'trial',
  });
  addUser(state, {
    ...plain,
    key: seeded.expiringUserKey,
    executions: 207,
    key_expires: beginsAt + 7 * dayMs,
  });
  addUser(state, plain);
}

function addUser({ projects, users, userProjects }: SandboxState, user: SandboxUser, project = 0): void {
  users.set(user.key, user);
  userProjects.set(user.key, [...projects.keys()][project] ?? '');
}

const kinds = ['ip', 'fingerprint', 'executor'];

/** A line for each kind: its mark of 13 hexadecimal digits, and its name. */
function fingerprint(hex: string): string {
  return kinds.map((kind, index) => `${hex.slice(index * 13, index * 13 + 13)} -> ${kind}`).join('\n');
}

const digits = (random: Random, length: number) => Array.from({ length }, () => random.whole(0, 9)).join('');
