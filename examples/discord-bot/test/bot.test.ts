import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BOT_KEY,
  FORGOTTEN,
  MISLED,
  NOW,
  RESELLER,
  STRANGER,
  sandboxKeys,
  seeded,
  UNLINKED,
  useBot,
} from './support/fixture.ts';

const fixture = useBot();
const { discordId: user, userKey, scriptId, freeForAllScriptId } = seeded;
const DAY_MS = 86_400_000;
const READ = `GET /users/${userKey}`;
const shown = (ms: number) => `<t:${ms / 1000}:f>`;

/** The user of the licence, to set what a test needs. */
function licence() {
  const found = fixture.sandbox.users.get(userKey);
  assert.ok(found);
  return found;
}

const bodyOf = (end: string) => fixture.sandbox.calls.find(({ path }) => path.endsWith(end))?.body;

test('lookup shows a licence, for one REST call', async () => {
  const { createdAt } = seeded;
  Object.assign(licence(), { key_expires: createdAt, last_reset: null, executions: 12, note: 'a reseller' });
  assert.equal(
    await fixture.send({ subcommand: 'lookup', user }),
    `Expires ${shown(createdAt)}.\nExecuted scripts 12 times.\nFingerprint never reset.\nNote: a reseller`,
  );
  assert.deepEqual(fixture.calls(), [READ]);
});

test('lookup shows that a licence is blacklisted, why and until when', async () => {
  // Far away: the sandbox has a clock of its own, and forgets what has ended.
  const until = 4_102_444_800_000;
  const kept = { blacklisted: true, blacklist_reason: 'shared key', blacklist_expires: until };
  Object.assign(licence(), { ...kept, key_expires: null });
  const text = await fixture.send({ subcommand: 'lookup', user });
  assert.match(text, /^Never expires\.$/m);
  assert.ok(text.includes(`Blacklisted until ${shown(until)}: shared key.`), text);
});

test('extend adds days to what is left of a licence', async () => {
  licence().key_expires = NOW + 5 * DAY_MS;
  const until = NOW + 35 * DAY_MS;
  assert.equal(
    await fixture.send({ subcommand: 'extend', user, options: { days: 30 } }),
    `Extended by 30 days, until ${shown(until)}.`,
  );
  assert.deepEqual(bodyOf('/edit'), { key_expires: until });
  assert.equal(fixture.calls().length, 2);
  assert.equal(licence().key_expires, until);
});

test('extend adds the days of each of two commands that come at once', async () => {
  licence().key_expires = NOW + 5 * DAY_MS;
  const extend = () => fixture.send({ subcommand: 'extend', user, options: { days: 30 } });
  const said = await Promise.all([extend(), extend()]);
  assert.deepEqual(said.toSorted(), [
    `Extended by 30 days, until ${shown(NOW + 35 * DAY_MS)}.`,
    `Extended by 30 days, until ${shown(NOW + 65 * DAY_MS)}.`,
  ]);
  assert.equal(licence().key_expires, NOW + 65 * DAY_MS);
});

test('extend counts from now where a licence has expired', async () => {
  licence().key_expires = NOW - 100 * DAY_MS;
  await fixture.send({ subcommand: 'extend', user, options: { days: 1 } });
  assert.equal(licence().key_expires, NOW + DAY_MS);
});

test('extend changes nothing of a licence that never expires', async () => {
  licence().key_expires = null;
  assert.match(await fixture.send({ subcommand: 'extend', user, options: { days: 1 } }), /never expires/);
  assert.deepEqual(fixture.calls(), [READ]);
});

test('extend asks which key, where the user has several', async () => {
  const keys = [seeded.expiredUserKey, seeded.blacklistedUserKey];
  for (const key of keys) Object.assign(fixture.sandbox.users.get(key) ?? {}, { discord_id: RESELLER });
  const shownKeys = await fixture.send({ subcommand: 'lookup', user: RESELLER });
  assert.match(shownKeys, /^\*\*…0003\*\* Expires .*\n\n\*\*…0002\*\* /s);
  const extended = (options?: { key: string }) =>
    fixture.send({ subcommand: 'extend', user: RESELLER, options: { days: 1, ...options } });
  for (const options of [undefined, { key: '9999' }])
    assert.equal(
      await extended(options),
      'Say which key, by its last characters: …0003, …0002. Nothing was changed.',
    );
  assert.equal(bodyOf('/edit'), undefined);
  assert.match(await extended({ key: '0003' }), /^Extended by 1 days/);
  assert.equal(fixture.sandbox.users.get(seeded.expiredUserKey)?.key_expires, NOW + DAY_MS);
});

/** Gives the licence these sessions, and no others. */
function connect(...scripts: readonly string[]): string[] {
  const sessions = [...fixture.sandbox.sessions.values()];
  for (const session of sessions) if (session.user_key === userKey) session.user_key = undefined;
  return scripts.map((id, index) => {
    const session = sessions.filter(({ script_id }) => script_id === id)[index];
    assert.ok(session);
    session.user_key = userKey;
    return session.id;
  });
}

test('ban keeps a user out, for some days with a reason, or for good, and ends the sessions', async () => {
  const until = NOW + 7 * DAY_MS;
  const options = { days: 7, reason: 'shared key' };
  const theirs = connect(scriptId, freeForAllScriptId);
  assert.equal(
    await fixture.send({ subcommand: 'ban', user, options }),
    `Banned until ${shown(until)}. Ended 2 sessions. LuaAuth may show them for a while.`,
  );
  assert.deepEqual(bodyOf('/blacklist'), { reason: 'shared key', expires: until });
  assert.deepEqual([...fixture.sandbox.disconnected.keys()].sort(), theirs.toSorted());
  fixture.sandbox.reset();
  connect();
  assert.equal(await fixture.send({ subcommand: 'ban', user }), 'Banned for good. Not connected.');
  assert.equal(licence().blacklisted, true);
});

test('ban ends the sessions of a user who is banned already, and says why', async () => {
  Object.assign(licence(), { blacklisted: true, blacklist_reason: 'refunded' });
  connect(scriptId);
  assert.match(
    await fixture.send({ subcommand: 'ban', user, options: { reason: 'other' } }),
    /^Already banned: refunded\. Ended 1 session\./,
  );
  assert.equal(licence().blacklist_reason, 'refunded');
});

test('ban says that a user is banned whose sessions could not be ended', async () => {
  connect(scriptId);
  fixture.sandbox.fault({
    kind: 'failure',
    route: 'POST /sessions/disconnect',
    code: 77,
    message: 'the moon is full',
  });
  assert.equal(
    await fixture.send({ subcommand: 'ban', user }),
    'Banned for good. The user may still be connected. LuaAuth refused: the moon is full.',
  );
});

test('unban takes a user off the blacklist, and says if the user is not on it', async () => {
  Object.assign(licence(), { blacklisted: true });
  assert.equal(await fixture.send({ subcommand: 'unban', user }), 'Unbanned.');
  assert.equal(licence().blacklisted, false);
  assert.equal(await fixture.send({ subcommand: 'unban', user }), 'Not banned: there is nothing to do.');
});

test('kick ends the sessions of the user in the project, with one call for all of them', async () => {
  const theirs = connect(scriptId, freeForAllScriptId, scriptId);
  assert.equal(
    await fixture.send({ subcommand: 'kick', user }),
    'Ended 3 sessions. LuaAuth may show them for a while.',
  );
  assert.deepEqual([...fixture.sandbox.disconnected.keys()].sort(), theirs.toSorted());
  assert.equal(fixture.calls().filter((line) => line === 'POST /sessions/disconnect').length, 1);
  // The licence, the project, the list of its five scripts, each with its page, and the end of the sessions.
  assert.equal(fixture.calls().length, 1 + 2 + 5 * 2 + 1);
});

test('kick ends nothing where the user is not connected', async () => {
  connect();
  assert.equal(await fixture.send({ subcommand: 'kick', user }), 'Not connected.');
  assert.deepEqual(
    fixture.calls().filter((line) => line.includes('/disconnect')),
    [],
  );
});

for (const subcommand of ['lookup', 'extend', 'ban', 'unban', 'kick']) {
  const options = { days: 1 };

  test(`${subcommand} does nothing for somebody who is not in the table`, async () => {
    const text = await fixture.send({ subcommand, user: STRANGER, options });
    assert.equal(text, 'There is no licence of this user in the table of the gateway.');
    assert.deepEqual(fixture.calls(), []);
  });

  test(`${subcommand} does nothing where LuaAuth knows the licence under another Discord id, or none`, async () => {
    assert.match(
      await fixture.send({ subcommand, user: MISLED, options }),
      /belongs to another Discord account/,
    );
    assert.match(await fixture.send({ subcommand, user: UNLINKED, options }), /has no Discord account/);
    assert.deepEqual(fixture.calls(), [READ, `GET /users/${seeded.endlessUserKey}`]);
  });

  test(`${subcommand} says that LuaAuth does not know the licence`, async () => {
    assert.match(
      await fixture.send({ subcommand, user: FORGOTTEN, options }),
      /^Refused: LuaAuth has no such licence/,
    );
  });
}

test('what LuaAuth refuses is a message: an expired account', async () => {
  licence().key_expires = NOW;
  for (const [subcommand, route, code] of [
    ['extend', 'POST /users/:user_key/edit', 0],
    ['ban', 'POST /users/:user_key/blacklist', 1],
  ] as const) {
    fixture.sandbox.fault({ kind: 'failure', route, code, message: 'account expired' });
    assert.equal(
      await fixture.send({ subcommand, user, options: { days: 1 } }),
      'The LuaAuth account has expired. Nothing was changed.',
    );
  }
});

test('what LuaAuth refuses is a message: invalid fields, and an undocumented refusal', async () => {
  const route = 'POST /users/:user_key/blacklist';
  const failed = [{ field: 'reason', errors: ['is too rude'] }];
  const message = 'unauthorized or invalid request';
  fixture.sandbox.fault({ kind: 'failure', route, code: -1, message, failed });
  assert.equal(
    await fixture.send({ subcommand: 'ban', user }),
    `LuaAuth refused: ${message}; reason: is too rude.`,
  );
  fixture.sandbox.fault({ kind: 'failure', route, code: 77, message: 'the moon is full' });
  assert.equal(await fixture.send({ subcommand: 'ban', user }), 'LuaAuth refused: the moon is full.');
});

test('a write with an unknown outcome is reported as such', async () => {
  fixture.sandbox.fault({ kind: 'raw', status: 502, body: '', route: 'POST /users/:user_key/blacklist' });
  assert.match(await fixture.send({ subcommand: 'ban', user }), /may have been done all the same/);
});

test('a gateway that is not there is a message, and nothing was done', async () => {
  const run = fixture.createRun('http://127.0.0.1:9/graphql');
  assert.equal((await run('lookup', { user })).text, 'Nothing was done (GATEWAY_UNREACHABLE).');
});

test('no key is in what a command says or tells the log, whatever goes wrong', async () => {
  const secrets = [userKey, seeded.endlessUserKey, 'unknown-licence-key', BOT_KEY];
  const said: string[] = [];
  for (const run of [fixture.run, fixture.createRun('http://127.0.0.1:9/graphql')]) {
    for (const subcommand of ['lookup', 'extend', 'ban', 'unban', 'kick', 'none']) {
      for (const whose of [user, MISLED, UNLINKED, FORGOTTEN]) {
        fixture.sandbox.reset();
        licence().key_expires = NOW;
        said.push(JSON.stringify(await run(subcommand, { user: whose, days: 1 })));
      }
    }
  }
  assert.ok(said.some((text) => text.includes('"result":"done"')));
  for (const secret of [...secrets, ...Object.values(sandboxKeys)])
    assert.ok(!said.join('\n').includes(secret), `the bot has said ${secret}`);
});
