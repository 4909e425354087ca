import { useEffect, useState, useSyncExternalStore } from 'react';
import { useClient } from 'urql';
import { whole } from './format.ts';
import { graphql } from './gql/index.ts';

/** It costs no REST call. */
const QUOTA = graphql(/* GraphQL */ `
  query Quota {
    rateLimit {
      limit
      used
      queued
    }
  }
`);

const EVERY_MS = 5_000;
/** The quota counts a call for a second. */
const LET_GO_MS = 1_200;

/** Counts the REST calls that answers have cost. */
export function createMeter() {
  let calls = { all: 0, answers: 0 };
  const listeners = new Set<() => void>();
  return {
    count(cost: number) {
      calls = { all: calls.all + cost, answers: calls.answers + 1 };
      for (const listener of listeners) listener();
    },
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    read: () => calls,
  };
}

/** How the quota of the key stands, after every answer and every few seconds. */
export function Quota({ meter }: { readonly meter: ReturnType<typeof createMeter> }) {
  const client = useClient();
  const { all, answers } = useSyncExternalStore(meter.subscribe, meter.read);
  const [quota, setQuota] = useState<{ limit?: number | null; used: number; queued: number }>();
  useEffect(() => {
    // Each answer is a reason to look at once.
    void answers;
    const look = async () => {
      if (document.hidden) return;
      const context = { requestPolicy: 'network-only' as const, isQuiet: true };
      const { data } = await client.query(QUOTA, {}, context).toPromise();
      if (data) setQuota(data.rateLimit);
    };
    void look();
    const later = setTimeout(look, LET_GO_MS);
    const often = setInterval(look, EVERY_MS);
    return () => {
      clearTimeout(later);
      clearInterval(often);
    };
  }, [client, answers]);
  if (!quota) return <div className="quota" />;
  const { limit, used, queued } = quota;
  return (
    <div className="quota" title={`${whole(all)} REST calls since you opened this page`}>
      {limit ? (
        <meter aria-label="Quota of LuaAuth" min={0} max={limit} high={limit * 0.8} value={used} />
      ) : null}
      <span>
        {limit ? `${used} of ${limit}` : used}
        <span> calls this second</span>
        {queued > 0 && `, ${queued} waiting`}
      </span>
    </div>
  );
}
