import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/features/sandbox/server.ts';
import { type Respond, startRecorder } from '../api/recorder.ts';
import { openGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';

type GatewayOptions = Omit<TestGatewayOptions, 'upstream'>;

interface SandboxFixtureOptions {
  readonly sandbox?: SandboxOptions;
  readonly gateway?: GatewayOptions;
  /** One pair for all tests, the sandbox reset between them: for tests that leave nothing behind in a gateway. */
  readonly shared?: boolean;
}

/** A sandbox and a gateway in front of it, both new for each test: what one test reads or breaks, no other sees. */
export function useSandbox({ sandbox, gateway, shared = false }: SandboxFixtureOptions = {}) {
  const fixture = {
    sandbox: {} as Sandbox,
    gateway: {} as TestGateway,
    /** Method and path of everything that reached the REST side, in order. */
    lines: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
  };
  const [before, after] = shared ? [beforeAll, afterAll] : [beforeEach, afterEach];
  before(async () => {
    fixture.sandbox = await startSandbox({ rate: 0, ...sandbox });
    fixture.gateway = await openGateway({ upstream: fixture.sandbox.url, ...gateway });
  });
  if (shared) beforeEach(() => fixture.sandbox.reset());
  after(async () => {
    await fixture.gateway.close();
    await fixture.sandbox.close();
    expect(fixture.gateway.logged).toEqual([]);
  });
  return fixture;
}

/** The same with a recorder in the sandbox's place; a test says in `respond` what it answers. */
export function useRecorder(options: GatewayOptions = {}) {
  const fixture = {
    recorder: {} as Awaited<ReturnType<typeof startRecorder>>,
    gateway: {} as TestGateway,
    respond: hangUp,
  };
  beforeEach(async () => {
    fixture.respond = hangUp;
    fixture.recorder = await startRecorder((recorded, response) => fixture.respond(recorded, response));
    fixture.gateway = await openGateway({ upstream: fixture.recorder.url, ...options });
  });
  afterEach(async () => {
    await fixture.gateway.close();
    await fixture.recorder.close();
    expect(fixture.gateway.logged).toEqual([]);
  });
  return fixture;
}

const hangUp: Respond = ({ socket }) => {
  socket.destroy();
};

/** Opens gateways, what plays the REST API, and more: all is closed after each test, the last one first. */
export function useOpened() {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  const opened = {
    closing,
    async sandboxed(): Promise<Sandbox> {
      const sandbox = await startSandbox({ rate: 0 });
      closing.push(sandbox.close);
      return sandbox;
    },
    async record(respond: Respond) {
      const recorder = await startRecorder(respond);
      closing.push(recorder.close);
      return recorder;
    },
    /** A gateway over a sandbox of its own, unless an upstream is given. */
    async open(options: Partial<TestGatewayOptions>) {
      const sandbox = options.upstream === undefined ? await opened.sandboxed() : undefined;
      const gateway = await openGateway({ upstream: sandbox?.url ?? '', ...options } as TestGatewayOptions);
      closing.push(gateway.close);
      return { gateway, sandbox: sandbox as Sandbox };
    },
  };
  return opened;
}
