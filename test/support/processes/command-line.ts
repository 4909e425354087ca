import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useOpened } from '../gateways/fixture.ts';
import { type GatewayProcess, startProcess, type Variables } from './process.ts';

interface Around {
  readonly variables?: Variables;
  /** Name and content of what lies in the working directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** Makes what is no file of text there. */
  readonly prepare?: (cwd: string) => void;
  /** The text on stdin. */
  readonly input?: string;
}

/** The command line, and what it may ask. What a test has begun is ended after it. */
export function useCommandLine() {
  const opened = useOpened();

  /** Starts a command as a process of its own. */
  function start(
    args: readonly string[],
    { variables, files = {}, prepare, input }: Around = {},
  ): GatewayProcess {
    const fill = (cwd: string) => {
      for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
      prepare?.(cwd);
    };
    const process = startProcess(variables, fill, { args, stdin: input });
    opened.closing.push(process.kill);
    return process;
  }

  return {
    ...opened,
    start,
    /** Runs a command to its end, as a process of its own. */
    async run(args: readonly string[], around?: Around) {
      const process = start(args, around);
      return { code: await process.ended, ...process.output };
    },
  };
}
