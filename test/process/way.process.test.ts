import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TYPESCRIPT } from '../support/processes/built.ts';

const WAY = fileURLToPath(new URL('../../scripts/way.ts', import.meta.url));

/** Own files and functions that every operation goes through, and its calls of them. Lower them when the way gets shorter. */
const BUDGETS = {
  script: { files: 56, functions: 240, calls: 320 },
  scriptByGet: { files: 55, functions: 228, calls: 295 },
  nested: { files: 59, functions: 266, calls: 843 },
};

describe('the way of an operation', () => {
  it('has no more files, functions and calls than its budget: "npm run way" prints them', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...TYPESCRIPT, WAY, '--json']);
    const ways = JSON.parse(stdout) as typeof BUDGETS;
    for (const [name, budget] of Object.entries(BUDGETS)) {
      const way = ways[name as keyof typeof BUDGETS];
      expect(way.files, `files of ${name}`).toBeGreaterThan(20);
      expect(way.files, `files of ${name}`).toBeLessThanOrEqual(budget.files);
      expect(way.functions, `functions of ${name}`).toBeLessThanOrEqual(budget.functions);
      expect(way.calls, `calls of ${name}`).toBeLessThanOrEqual(budget.calls);
    }
  });
});
