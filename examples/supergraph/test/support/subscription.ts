import assert from 'node:assert/strict';
import { seeded } from '../../../../src/features/sandbox/seed-data.ts';
import { customers, offers } from '../../shop/data.ts';

/** The sessions are LuaAuth's, price and owner the shop's: a script's id is all that a router needs from LuaAuth. */
export const SUBSCRIPTION = `subscription { scriptSessions(scriptId: "${seeded.visitedScriptId}") {
  __typename
  ... on LiveEvent { sequence }
  ... on SessionsSnapshot { sessions { ...Visit } }
  ... on SessionsChange { appeared { ...Visit } disappearedIds }
} }
fragment Visit on Session { id robloxId script { price { cents currency } owner { name } } }`;

/** The shop's fields of the script. */
export function expectedScript() {
  const offer = offers.find(({ scriptId }) => scriptId === seeded.visitedScriptId);
  assert.ok(offer, 'The shop does not sell the script.');
  return {
    price: { cents: offer.cents, currency: 'USD' },
    owner: { name: customers.get(offer.ownerId) },
  };
}
