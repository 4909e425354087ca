import type { Fixture } from './fixture.ts';
import { cpuSeconds, cpuWaitSeconds, peakMemoryMb } from './process.ts';
import type { SandboxCount } from './sandbox-messages.ts';

/** The costs of a run, besides the answers that it gave. */
export interface Cost {
  /** From the first operation to the last answer. */
  readonly seconds: number;
  readonly rest: SandboxCount;
  /** CPU time in seconds: 1 for each second of a core that was busy all the time. */
  readonly cpuSeconds: { readonly gateway: number; readonly harness: number; readonly rest: number };
  /** How long some process of the machine had to wait for a CPU. Undefined if the system does not report it. */
  readonly cpuWaitSeconds: number | undefined;
  readonly gatewayPeakMb: number;
}

/** Carries out a run and takes down what it cost each of the three processes. */
export async function measure<Result>(
  { gateway, sandbox }: Fixture,
  run: () => Promise<Result>,
): Promise<{ result: Result; cost: Cost }> {
  await sandbox.begin();
  const cpuOf = (): [number, number, number] => [
    cpuSeconds(gateway.pid),
    cpuSeconds(process.pid),
    cpuSeconds(sandbox.pid),
  ];
  const before = cpuOf();
  const waitedBefore = cpuWaitSeconds();
  const startedAt = performance.now();
  const result = await run();
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = cpuOf();
  const waited = cpuWaitSeconds();
  const cost: Cost = {
    seconds,
    rest: await sandbox.count(),
    cpuSeconds: { gateway: after[0] - before[0], harness: after[1] - before[1], rest: after[2] - before[2] },
    cpuWaitSeconds: waited === undefined || waitedBefore === undefined ? undefined : waited - waitedBefore,
    gatewayPeakMb: peakMemoryMb(gateway.pid),
  };
  return { result, cost };
}

export function callsPerOperation(served: number, { rest }: Cost): number {
  return rest.calls / Math.max(1, served);
}
