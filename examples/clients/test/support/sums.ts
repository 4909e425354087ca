import type { Reporter, TestModule } from 'vitest/node';

/** Closes with the lines with which Node's own runner closes, so that all examples are summed in the same way. */
class Sums implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    console.log(`pass ${count('passed')}\nfail ${count('failed')}\nskipped ${count('skipped')}`);
  }
}

export default Sums;
