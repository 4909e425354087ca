/** A reporter of Vitest that closes with the lines with which Node's own runner closes, so that `steps.mjs` sums both in one way. */
export default class Sums {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state) => tests.filter((test) => test.result().state === state);
    for (const test of inState('skipped'))
      console.log(`was not run: ${test.module.moduleId} > ${test.fullName}`);
    for (const [name, state] of [
      ['pass', 'passed'],
      ['fail', 'failed'],
      ['skipped', 'skipped'],
    ])
      console.log(`${name} ${inState(state).length}`);
  }
}
