import assert from 'node:assert/strict';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { customers, offers } from '../shop/data.ts';
import { type Result, subscribe } from './subscribe.ts';

/** The sessions are LuaAuth's, price and owner the shop's: a script's id is all that a router needs from LuaAuth. */
export const SUBSCRIPTION = `subscription { scriptSessions(scriptId: "${seeded.visitedScriptId}") {
  __typename
  ... on LiveEvent { sequence }
  ... on SessionsSnapshot { sessions { ...Visit } }
  ... on SessionsChange { appeared { ...Visit } disappearedIds }
} }
fragment Visit on Session { id robloxId script { price { cents currency } owner { name } } }`;

interface Visit {
  readonly id: string;
  readonly robloxId: string;
  readonly script: unknown;
}

export interface Told {
  readonly scriptSessions: {
    readonly __typename: string;
    readonly sequence: number;
    readonly sessions?: readonly Visit[];
    readonly appeared?: readonly Visit[];
    readonly disappearedIds?: readonly string[];
  };
}

/** The shop's fields of the script. */
export function expectedScript() {
  const offer = offers.find(({ scriptId }) => scriptId === seeded.visitedScriptId);
  assert.ok(offer, 'The shop does not sell the script.');
  return {
    price: { cents: offer.cents, currency: 'USD' },
    owner: { name: customers.get(offer.ownerId) },
  };
}

/** Follows until somebody has come, and meanwhile asks as somebody else. @throws where it is not as it has to be. */
export async function check(url: string, say: (line: string) => void): Promise<void> {
  const known = new Map<string, Visit>();
  let sequence = 0;
  for await (const result of subscribe<Told>(url, SUBSCRIPTION, { token: 'sandbox-key' })) {
    assert.equal(result.errors, undefined, JSON.stringify(result.errors));
    const event = result.data?.scriptSessions;
    assert.ok(event);
    assert.equal(event.sequence, sequence + 1, 'An event was lost.');
    sequence = event.sequence;
    const visits = event.sessions ?? event.appeared ?? [];
    for (const visit of visits) assert.deepEqual(visit.script, expectedScript());
    for (const id of event.disappearedIds ?? []) assert.ok(known.delete(id), `${id} was not there.`);
    for (const visit of visits) known.set(visit.id, visit);
    say(describe(event, visits));
    if (sequence === 1) {
      assert.equal(event.__typename, 'SessionsSnapshot');
      assert.ok(visits.length > 0, 'Nobody is there.');
      say(`another key: ${await askAs(url, 'another-key')}`);
    } else if (event.appeared?.length) return;
  }
  throw new Error('The stream ended before anybody came.');
}

function describe(
  { __typename, sequence, disappearedIds }: Told['scriptSessions'],
  visits: readonly Visit[],
) {
  const left = disappearedIds?.length ? `, ${disappearedIds.length} left` : '';
  const [first] = visits;
  return `${sequence} ${__typename}: ${visits.length} came${left}${first ? `, ${first.robloxId} ${JSON.stringify(first.script)}` : ''}`;
}

/** Asks the same while another caller's stream is open. @returns why it is refused. */
async function askAs(url: string, token: string): Promise<string> {
  for await (const { data, errors } of subscribe<Told>(url, SUBSCRIPTION, { token })) {
    assert.equal(data?.scriptSessions, undefined, 'A key that LuaAuth does not know sees sessions.');
    return refusalOf(errors);
  }
  throw new Error('The stream of another key ended without an error.');
}

function refusalOf(errors: Result<Told>['errors']): string {
  const [error] = errors ?? [];
  assert.ok(error);
  return `${error.extensions?.code ?? 'refused'} (${error.message})`;
}
