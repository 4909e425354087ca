import type { Client } from './client.ts';
import { offerLoad } from './load.ts';
import { createOutcomes } from './outcomes.ts';
import { QUOTA_PER_SECOND } from './scripts.ts';

/** A little below the quota, so that nothing is left waiting when the measuring begins. */
const PER_SECOND = QUOTA_PER_SECOND * 0.9;

/** Sends each operation once at the quota's pace, so that the gateway knows every answer. Says so, and what went wrong. */
export async function warmUp(client: Client, bodies: readonly string[]): Promise<void> {
  const reads = createOutcomes();
  const seconds = bodies.length / PER_SECOND;
  console.log(`\nWarm-up, not measured: ${bodies.length} scripts read once, ${PER_SECOND} a second`);
  await offerLoad({
    perSecond: PER_SECOND,
    seconds,
    begin: async (index, scheduledAt) =>
      void (await reads.note(scheduledAt, client.send(bodies[index] as string))),
  });
  if (reads.served < bodies.length) {
    console.log(`  only ${reads.served} could be read: ${JSON.stringify([...reads.errors])}`);
  }
}
