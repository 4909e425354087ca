/** The shop's own data, by the ids of LuaAuth. These are ids of the gateway's sandbox. */
export interface Offer {
  readonly scriptId: string;
  readonly cents: number;
  readonly ownerId: string;
}

export const offers: readonly Offer[] = [
  { scriptId: '9dlYMuhq9ujYGR1H4gA4d10uUWvoVjtk', cents: 2499, ownerId: '1' },
  { scriptId: 'BoK4eykfM3cNCJpDWzHMhtOFNEpEjMtF', cents: 999, ownerId: '1' },
  { scriptId: 'DL4HcpsQ9OQniWwr4VC0bH5VidPmNTD2', cents: 1499, ownerId: '2' },
  { scriptId: 'E2p9vOmvZVDlc30qCHlOLdj8I1TIzGtL', cents: 499, ownerId: '3' },
  { scriptId: 'HtS0sDYk5LnFBHekLnMYLafDNthm1pDD', cents: 799, ownerId: '3' },
  // Guests visit this one: its price is in the events of `scriptSessions`.
  { scriptId: 'YteSakhB9T0Sx9EARKmvuKW387yig7RB', cents: 1299, ownerId: '2' },
];

export const customers: ReadonlyMap<string, string> = new Map([
  ['1', 'Ada'],
  ['2', 'Brendan'],
  ['3', 'Grace'],
]);

export const projectNames: ReadonlyMap<string, string> = new Map([
  ['65e0a1b2c3d4e5f600000001', 'Nightfall'],
  ['65e0a1b2c3d4e5f600000002', 'Harvest'],
]);

/** The buyer of each licence key. */
export const sales: readonly { readonly userKey: string; readonly customerId: string }[] = [
  { userKey: '67c3beef0000000000000001', customerId: '2' },
  { userKey: '67c3beef0000000000000004', customerId: '2' },
  { userKey: '67c3beef0000000000000002', customerId: '3' },
];
