import { afterEach } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { openGateway, type TestGatewayOptions } from './gateway.ts';

/** Gives what opens a gateway, over a sandbox of its own unless an upstream is given; both are closed after each test. */
export function useObserved() {
  const closing: (() => void | Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    /** To be called after the test, the last one first. */
    closing,
    async open(options: Partial<TestGatewayOptions>) {
      let sandbox: Sandbox | undefined;
      if (options.upstream === undefined) {
        sandbox = await startSandbox({ rate: 0 });
        closing.push(sandbox.close);
      }
      const gateway = await openGateway({ upstream: sandbox?.url ?? '', ...options } as TestGatewayOptions);
      closing.push(gateway.close);
      return { gateway, sandbox: sandbox as Sandbox };
    },
  };
}
