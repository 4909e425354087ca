/**
 * The registry of gateways. Each member may have a share of every quota, which it uses while it has lost the store. The
 * functions take the time of the store as an argument, and read no clock.
 *
 * | condition | last beat | the share | the other members |
 * | --- | --- | --- | --- |
 * | well | at most 1 s ago | not in use | count all requests together with this member |
 * | degraded | at most 1 s ago | in use | reserve the share |
 * | absent | more than 1 s ago | may be in use | reserve the share |
 * | replaceable | more than 3 s ago | may be in use | reserve it. A member without a share, or a newer member, may take it |
 * | forgotten | more than 60 s ago | no longer in use | remove the member |
 *
 * A member that joins a store, or finds that the clock of the store has jumped, is quarantined. It takes no permit and
 * changes no share until all living members have beaten.
 */
export interface Registry {
  readonly members: ReadonlyMap<string, RegistryMember>;
  /** The last beat of each session that has not beaten for `ABSENT_AFTER_MS`. */
  readonly late: ReadonlyMap<string, number>;
}

export interface RegistryMember {
  /** Changes when the member loses the store: see `sessionName`. */
  readonly session: number;
  readonly isDegraded: boolean;
  readonly share: QuotaShare | undefined;
  /** When the member joined. 0: it has replaced a member since. Each member replaces only a single member. */
  readonly joinedAt: number;
}

/**
 * One of `among` equal parts. Places begin at 0. All shares together are at most the quota, because of two rules:
 * - No two members have the same place.
 * - Each place is lower than the `among` of each member. So a member with an old number divides by a number that is large
 *   enough for all places.
 *
 * A share becomes smaller with a larger place, and with a larger `among`. So a member may enlarge its `among` at any time.
 */
export interface QuotaShare {
  readonly place: number;
  readonly among: number;
}

/**
 * After this time without a beat, in ms, the others reserve a share for the instance. It may have lost the store rather than
 * ended.
 */
export const ABSENT_AFTER_MS = 1_000;
/** After this time without a beat, in ms, another instance may replace the instance and take over its leases. */
export const LEASE_MS = 3_000;
export const FORGOTTEN_AFTER_MS = 60_000;

/** The name under which a session of an instance beats. */
export function sessionName(instance: string, session: number): string {
  return `${instance}.${session}`;
}

/** The text of a member in the store. */
export function entryOf({ isDegraded, share, joinedAt, session }: RegistryMember): string {
  const { place = 0, among = 0 } = share ?? {};
  return `${isDegraded ? 'degraded' : 'well'} ${place} ${among} ${joinedAt} ${session}`;
}

const ENTRY = /^(well|degraded) (\d+) (\d+) (\d+) (\d+)$/;

/** Reads the text of a member. Undefined: it has another form. */
export function memberOf(entry: string): RegistryMember | undefined {
  const [, state, ...numbers] = ENTRY.exec(entry) ?? [];
  if (state === undefined) return undefined;
  const [place = 0, among = 0, joinedAt = 0, session = 0] = numbers.map(Number);
  const share = among > 0 ? { place, among } : undefined;
  return { isDegraded: state === 'degraded', share, joinedAt, session };
}

/** For how long a member has not beaten, in ms; 0: it is present. */
export function absentForMs(
  { late }: Registry,
  instance: string,
  { session }: RegistryMember,
  now: number,
): number {
  return Math.max(0, now - (late.get(sessionName(instance, session)) ?? now));
}

/**
 * Whether a lease in the store still holds. The name of its holder begins with the session that took it, and the lease lasts
 * while the session beats. An instance that loses the store ends its session: the answer with the lease may be lost as well.
 *
 * | the holder | the lease |
 * | --- | --- |
 * | beat less than 3 s before the view of the registry | holds |
 * | has not beaten for 3 s, or has left | is over |
 * | has another session by now | is over |
 * | is not in the view, and the lease was taken after it | holds: the holder may have joined since |
 *
 * @param viewedAt - the time of the view
 * @param takenAt - when the lease was taken, or later
 */
export function holdsLease(registry: Registry, holder: string, viewedAt: number, takenAt: number): boolean {
  const [instance = '', session] = holder.split('.');
  const member = registry.members.get(instance);
  if (member && String(member.session) === session)
    return absentForMs(registry, instance, member, viewedAt) <= LEASE_MS;
  // A lease from further in the future was taken before the clock of the store was set back.
  return takenAt > viewedAt && takenAt - viewedAt <= LEASE_MS;
}

/** The shares that are reserved for members other than `own`. */
export function reservedShares(registry: Registry, own: string, now: number): readonly QuotaShare[] {
  return [...registry.members].flatMap(([instance, member]) => {
    const { share, isDegraded } = member;
    const mayUse = isDegraded || absentForMs(registry, instance, member, now) > ABSENT_AFTER_MS;
    return share && mayUse && instance !== own ? [share] : [];
  });
}

interface Change {
  readonly member: RegistryMember;
  /** The names of instances and sessions that leave the registry. */
  readonly removed: readonly string[];
}

/**
 * The next change that an instance makes for itself; undefined: none. `wanted` is the member as the instance knows it. The
 * registry decides about the share. `configured`: the configured number of instances.
 */
export function nextChange(
  registry: Registry,
  instance: string,
  wanted: RegistryMember,
  now: number,
  { configured, isQuarantined }: { readonly configured: number | undefined; readonly isQuarantined: boolean },
): Change | undefined {
  const found = registry.members.get(instance);
  const known = { ...wanted, ...(found && { share: found.share, joinedAt: found.joinedAt }) };
  // If the clock of the store was set back, the order of joining and beating is not known.
  const own = known.joinedAt > now ? { ...known, joinedAt: 0 } : known;
  const others = new Map(registry.members);
  others.delete(instance);
  const removed = new Set<string>();
  const isReplacing = !isQuarantined && removePast(registry, own, others, now, removed);
  const shares = [...others.values()].flatMap(({ share }) => share ?? []);
  const share = () => {
    // A share that is in use only becomes smaller. The instance has done so already.
    if (wanted.isDegraded && found?.share)
      return { ...found.share, among: Math.max(found.share.among, wanted.share?.among ?? 0) };
    if (!isQuarantined) return nextShare(own.share, shares, configured ?? others.size + 1);
    return own.share && fits(own.share, shares) ? own.share : undefined;
  };
  const member = { ...own, share: share(), joinedAt: isReplacing ? 0 : own.joinedAt };
  const isSame = found !== undefined && entryOf(found) === entryOf(member);
  return isSame && removed.size === 0 ? undefined : { member, removed: [...removed] };
}

/**
 * Moves members from `others` to `removed`: the forgotten members, and at most one member that `own` replaces. Also removes
 * sessions that have ended. Returns whether `own` replaces a member.
 */
function removePast(
  registry: Registry,
  own: RegistryMember,
  others: Map<string, RegistryMember>,
  now: number,
  removed: Set<string>,
): boolean {
  let isReplacing = false;
  for (const [session, at] of registry.late) if (now - at > FORGOTTEN_AFTER_MS) removed.add(session);
  for (const [name, other] of others) {
    const session = sessionName(name, other.session);
    const absentMs = absentForMs(registry, name, other, now);
    const mayReplace = !isReplacing && other.share && (!own.share || now - absentMs < own.joinedAt);
    if (mayReplace && absentMs > LEASE_MS) isReplacing = true;
    else if (!removed.has(session)) continue;
    others.delete(name);
    removed.add(name).add(session);
  }
  return isReplacing;
}

/** Whether a member may have this share beside the others: see `QuotaShare`. */
function fits({ place, among }: QuotaShare, others: readonly QuotaShare[]): boolean {
  return (
    place < among &&
    others.every((other) => other.place !== place && other.place < among && place < other.among)
  );
}

/** The largest share that the others leave. `count`: by how many the quota is to be divided. */
function nextShare(
  own: QuotaShare | undefined,
  others: readonly QuotaShare[],
  count: number,
): QuotaShare | undefined {
  const taken = new Set(others.map(({ place }) => place));
  const last = Math.max(-1, ...taken);
  const among = Math.max(count, last + 1);
  let free = 0;
  while (taken.has(free)) free += 1;
  // The member in the last place moves to a free place, so that the others can divide by a smaller number.
  const place = own && (own.place < free || own.place < last) ? own.place : free;
  return [place, free].map((one) => ({ place: one, among })).find((share) => fits(share, others));
}

/**
 * A share of a quota, in calls per second. The first places get the remainder, so that the shares add up to the rate. With
 * more members than the rate, each makes one call in some seconds. On average all members together then keep to the rate.
 */
export function callsPerSecond(rate: number, { place, among }: QuotaShare): number {
  if (among <= rate) return Math.ceil((rate - place) / among);
  const seconds = Math.ceil(among / rate);
  const sooner = (rate * seconds - among) * (seconds - 1);
  return 1 / (place < sooner ? seconds - 1 : seconds);
}
