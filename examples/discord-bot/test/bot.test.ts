import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hiddenKey } from '../../../src/features/sandbox/calls.ts';
import {
  FORGOTTEN,
  MISLED,
  NOW,
  STRANGER,
  sandboxKeys,
  seeded,
  UNLINKED,
  useBot,
} from './support/fixture.ts';

const fixture = useBot();
const { discordId: user, userKey, scriptId, freeForAllScriptId } = seeded;
const DAY_MS = 86_400_000;
const READ = `GET /users/${hiddenKey(userKey)}`;
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

test('blacklist keeps a user out, for some days with a reason, or for good', async () => {
  const until = NOW + 7 * DAY_MS;
  const options = { days: 7, reason: 'shared key' };
  assert.equal(
    await fixture.send({ subcommand: 'blacklist', user, options }),
    `Blacklisted until ${shown(until)}. A connected user may stay connected: kick the user as well.`,
  );
  assert.deepEqual(bodyOf('/blacklist'), { reason: 'shared key', expires: until });
  fixture.sandbox.reset();
  assert.match(await fixture.send({ subcommand: 'blacklist', user }), /^Blacklisted for good\./);
  assert.equal(licence().blacklisted, true);
});

test('blacklist tells what LuaAuth refuses: a user who is blacklisted already, and why', async () => {
  Object.assign(licence(), { blacklisted: true, blacklist_reason: 'refunded' });
  assert.equal(
    await fixture.send({ subcommand: 'blacklist', user, options: { reason: 'other' } }),
    'Already blacklisted: refunded. Nothing was changed.',
  );
  assert.equal(licence().blacklist_reason, 'refunded');
});

test('kick ends every session of the user in the project, with one call for all of them', async () => {
  const sessions = [...fixture.sandbox.sessions.values()];
  for (const session of sessions) if (session.user_key === userKey) session.user_key = undefined;
  const theirs = [scriptId, freeForAllScriptId, scriptId].map((id, index) => {
    const session = sessions.filter(({ script_id }) => script_id === id)[index];
    assert.ok(session);
    session.user_key = userKey;
    return session.id;
  });
  assert.equal(
    await fixture.send({ subcommand: 'kick', user }),
    'Ended 3 sessions. LuaAuth may show them for a while.',
  );
  assert.deepEqual([...fixture.sandbox.disconnected.keys()].sort(), theirs.toSorted());
  assert.equal(fixture.calls().filter((line) => line === 'POST /sessions/disconnect').length, 1);
  // The licence, the list of the five scripts, each with its page, and the end of the sessions.
  assert.equal(fixture.calls().length, 1 + 1 + 5 * 2 + 1);
});

test('kick ends nothing where the user is not connected', async () => {
  for (const session of fixture.sandbox.sessions.values()) {
    if (session.user_key === userKey) session.user_key = undefined;
  }
  assert.equal(await fixture.send({ subcommand: 'kick', user }), 'Not connected.');
  assert.deepEqual(
    fixture.calls().filter((line) => line.includes('/disconnect')),
    [],
  );
});

for (const subcommand of ['lookup', 'extend', 'blacklist', 'kick']) {
  const options = { days: 1 };

  test(`${subcommand} does nothing for somebody who is not in the table`, async () => {
    const text = await fixture.send({ subcommand, user: STRANGER, options });
    assert.equal(text, 'There is no licence of this user in the table.');
    assert.deepEqual(fixture.calls(), []);
  });

  test(`${subcommand} does nothing where LuaAuth knows the licence under another Discord id, or none`, async () => {
    assert.match(
      await fixture.send({ subcommand, user: MISLED, options }),
      /belongs to another Discord account/,
    );
    assert.match(await fixture.send({ subcommand, user: UNLINKED, options }), /has no Discord account/);
    assert.deepEqual(fixture.calls(), [READ, `GET /users/${hiddenKey(seeded.endlessUserKey)}`]);
  });

  test(`${subcommand} says that LuaAuth does not know the licence`, async () => {
    assert.match(await fixture.send({ subcommand, user: FORGOTTEN, options }), /has no such licence/);
  });

  test(`${subcommand} is not for who may not ban members`, async () => {
    const text = await fixture.send({ subcommand, user, options, permissions: String(1n << 11n) });
    assert.equal(text, 'This is for members with the permission to ban.');
    assert.deepEqual(fixture.calls(), []);
  });
}

test('what LuaAuth refuses is a message: an expired account', async () => {
  licence().key_expires = NOW;
  const url = await fixture.openBot(sandboxKeys.expired);
  for (const subcommand of ['extend', 'blacklist']) {
    assert.equal(
      await fixture.send({ subcommand, user, options: { days: 1 } }, url),
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
    await fixture.send({ subcommand: 'blacklist', user }),
    `LuaAuth refused: ${message}; reason: is too rude.`,
  );
  fixture.sandbox.fault({ kind: 'failure', route, code: 77, message: 'the moon is full' });
  assert.equal(await fixture.send({ subcommand: 'blacklist', user }), 'LuaAuth refused: the moon is full.');
});

test('a write with an unknown outcome is reported as such', async () => {
  fixture.sandbox.fault({ kind: 'raw', status: 502, body: '', route: 'POST /users/:user_key/blacklist' });
  assert.match(await fixture.send({ subcommand: 'blacklist', user }), /may have been done all the same/);
});

test('a gateway that is not there is a message, and nothing was done', async () => {
  const url = await fixture.openBot(sandboxKeys.full, 'http://127.0.0.1:9/graphql');
  assert.equal(
    await fixture.send({ subcommand: 'lookup', user }, url),
    'Nothing was done (GATEWAY_UNREACHABLE).',
  );
});
