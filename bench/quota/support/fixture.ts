import { type GatewayProcess, type GatewaySettings, openGateway } from './gateway.ts';
import { openSandbox, type SandboxProcess } from './sandbox.ts';

/** A fresh gateway in front of a fresh REST side. */
export interface Fixture {
  readonly gateway: GatewayProcess;
  readonly sandbox: SandboxProcess;
}

export interface FixtureOptions {
  /** How many scripts the REST side has. */
  readonly scripts: number;
  readonly settings: GatewaySettings;
}

/** Runs `act` on a fixture of its own, and ends both processes however it goes. */
export async function withFixture<Result>(
  { scripts, settings }: FixtureOptions,
  act: (fixture: Fixture) => Promise<Result>,
): Promise<Result> {
  const sandbox = await openSandbox(scripts);
  try {
    const gateway = await openGateway(sandbox.url, settings);
    try {
      return await act({ gateway, sandbox });
    } finally {
      await gateway.stop();
    }
  } finally {
    await sandbox.stop();
  }
}
