import type { TestCase, TestModule, TestProject, TestSuite } from 'vitest/node';
import { TOOLS, type Tool } from '../processes/tools.ts';

/** The last lines of a run say how many tests were skipped for lack of a tool, and how to get the tool. */
export function setup(project: TestProject): () => void {
  return () => {
    const skipped = new Map<Tool, number>();
    for (const module of project.vitest.state.getTestModules()) {
      if (module.project !== project) continue;
      for (const test of module.children.allTests('skipped')) {
        const tool = missingTool(test);
        if (tool) skipped.set(tool, (skipped.get(tool) ?? 0) + 1);
      }
    }
    const lines = [...skipped].map(([tool, count]) => `  ${count} need ${tool}: ${TOOLS[tool].install}`);
    if (lines.length > 0)
      process.once('exit', () => console.log(`\nTests skipped for lack of a tool:\n${lines.join('\n')}`));
  };
}

/** The tool for lack of which a test is skipped: the outermost suite that names a tool decides. */
function missingTool(test: TestCase): Tool | undefined {
  let found: Tool | undefined;
  for (let task: TestCase | TestSuite | TestModule = test; task.type !== 'module'; task = task.parent)
    found = task.meta().missing?.[0] ?? found;
  if (found) return found;
  // Files with this name need a Redis, see `describeWithRedis`.
  return test.module.moduleId.endsWith('.redis.test.ts') && TOOLS.Redis.find() === undefined
    ? 'Redis'
    : undefined;
}
