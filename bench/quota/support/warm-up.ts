import type { Client } from './client.ts';
import { offerLoad } from './load.ts';
import { createOutcomes } from './outcomes.ts';
import { QUOTA_PER_SECOND } from './scripts.ts';

/** A little below the quota, so that nothing is left waiting when the measuring begins. */
const PER_SECOND = QUOTA_PER_SECOND * 0.9;
const RUN_IN_SECONDS = 5;

/** Sends each operation once at the quota's pace, so that the gateway knows every answer. */
export async function warmUp(client: Client, bodies: readonly string[]): Promise<void> {
  console.log(`\nWarm-up, not measured: ${bodies.length} scripts read once, ${PER_SECOND} a second`);
  await send(client, PER_SECOND, bodies.length, (index) => bodies[index] as string);
}

/** Sends half of the later load for a while, because a process that has just started is slower. */
export async function runIn(client: Client, perSecond: number, nextBody: () => string): Promise<void> {
  const half = Math.ceil(perSecond / 2);
  console.log(`\nRun-in, not measured: ${RUN_IN_SECONDS} s of reads, ${half} a second`);
  await send(client, half, half * RUN_IN_SECONDS, nextBody);
}

/** Says when something went wrong: what is measured afterwards would be something else. */
async function send(
  client: Client,
  perSecond: number,
  operations: number,
  bodyOf: (index: number) => string,
): Promise<void> {
  const reads = createOutcomes();
  const begin = async (index: number, scheduledAt: number) =>
    void (await reads.note(scheduledAt, client.send(bodyOf(index))));
  await offerLoad({ perSecond, seconds: operations / perSecond, begin });
  if (reads.served === operations) return;
  console.log(`  only ${reads.served} of ${operations} were served: ${JSON.stringify([...reads.errors])}`);
}
