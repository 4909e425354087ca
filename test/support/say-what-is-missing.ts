import { ENGINES, HOW_TO_GET_ONE } from './store-engines.ts';

/** The last lines of a run say what was not tested for want of a server, and how to get one. */
export function setup(): void {
  if (ENGINES.length > 0) return;
  process.once('exit', () => {
    console.log(
      `\nSeveral gateways are not tested, as there is no Redis on this machine. Get one, and run the tests again:\n  ${HOW_TO_GET_ONE}`,
    );
  });
}
