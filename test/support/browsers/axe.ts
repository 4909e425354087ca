import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// In the page.
const run = (rules: readonly string[] | undefined) => `axe.run(document, ${JSON.stringify({
  resultTypes: ['violations'],
  ...(rules && { runOnly: rules }),
})}).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ target, any, all, none }) =>
    [id, target.join(' '), [...any, ...all, ...none].map(({ message }) => message).join('; ')].join(': '))))`;

/** Checks a page as it is with axe-core. With rules only by those. @returns for each problem the rule, the element and the reason */
export async function axeProblems(page: Page, rules?: readonly string[]): Promise<string[]> {
  // The policy of the page does not let it load a script of ours: the debugger may run one.
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(AXE);
  return page.evaluate(run(rules));
}
