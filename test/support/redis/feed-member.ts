import type { FeedMember, FeedSubscription, Feeds } from '../../../src/state/port.ts';

/** A member of a feed that writes down what it is told. */
export interface WatchedMember {
  readonly subscription: FeedSubscription;
  /** All that it received, in order. */
  readonly received: object[];
  /** The latest of them. */
  readonly latest: object[];
  /** The roles that it was given, in order: `lead`, `lead reset`, `follow`. */
  readonly roles: string[];
  /** How many entries it had received when it was last told to lead. */
  readonly knownAtLead: number;
  readonly isLeading: boolean;
}

export function joinFeed(feeds: Feeds, account = 'account', name = 'feed'): WatchedMember {
  const received: object[] = [];
  const latest: object[] = [];
  const roles: string[] = [];
  let knownAtLead = -1;
  const member: FeedMember = {
    lead(isReset) {
      knownAtLead = received.length;
      roles.push(isReset ? 'lead reset' : 'lead');
    },
    follow: () => void roles.push('follow'),
    received(entry, isLatest) {
      received.push(entry);
      if (isLatest) latest.push(entry);
    },
  };
  return {
    subscription: feeds.join(account, name, member),
    received,
    latest,
    roles,
    get knownAtLead() {
      return knownAtLead;
    },
    get isLeading() {
      return roles.at(-1)?.startsWith('lead') === true;
    },
  };
}
