import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/server.ts';
import { openGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { type Respond, startRecorder } from './recorder.ts';

type GatewayOptions = Omit<TestGatewayOptions, 'upstream'>;

interface SandboxStageOptions {
  readonly sandbox?: SandboxOptions;
  readonly gateway?: GatewayOptions;
  /** One pair for all tests, the sandbox reset between them: for tests that leave nothing behind in a gateway. */
  readonly shared?: boolean;
}

/** A sandbox and a gateway in front of it, both new for each test: what one test reads or breaks, no other sees. */
export function useSandbox({ sandbox, gateway, shared = false }: SandboxStageOptions = {}) {
  const stage = {
    sandbox: {} as Sandbox,
    gateway: {} as TestGateway,
    /** Method and path of everything that reached the REST side, in order. */
    lines: () => stage.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
  };
  const [before, after] = shared ? [beforeAll, afterAll] : [beforeEach, afterEach];
  before(async () => {
    stage.sandbox = await startSandbox({ rate: 0, ...sandbox });
    stage.gateway = await openGateway({ upstream: stage.sandbox.url, ...gateway });
  });
  if (shared) beforeEach(() => stage.sandbox.reset());
  after(async () => {
    await stage.gateway.close();
    await stage.sandbox.close();
    expect(stage.gateway.logged).toEqual([]);
  });
  return stage;
}

/** The same with a recorder in the sandbox's place; a test says in `respond` what it answers. */
export function useRecorder(options: GatewayOptions = {}) {
  const stage = {
    recorder: {} as Awaited<ReturnType<typeof startRecorder>>,
    gateway: {} as TestGateway,
    respond: hangUp,
  };
  beforeEach(async () => {
    stage.respond = hangUp;
    stage.recorder = await startRecorder((recorded, response) => stage.respond(recorded, response));
    stage.gateway = await openGateway({ upstream: stage.recorder.url, ...options });
  });
  afterEach(async () => {
    await stage.gateway.close();
    await stage.recorder.close();
    expect(stage.gateway.logged).toEqual([]);
  });
  return stage;
}

const hangUp: Respond = ({ socket }) => {
  socket.destroy();
};
