import { execFileSync } from 'node:child_process';
import { type BenchRequest, oneScript } from '../cases.ts';
import type { Upstream } from '../nginx.ts';
import { gatewayBuiltIn, mercurius, type Subject } from '../subjects.ts';
import { measureCommand, measureStart, type Start } from './measure.ts';
import { reportCommands, reportStarts } from './report.ts';

export interface RunStartsOptions {
  readonly upstream: Upstream;
  readonly starts: number;
  readonly probeMs: number;
  /** The programs of Node to start with. */
  readonly nodes: readonly string[];
  /** The folders with a built gateway, such as dist. */
  readonly builds: readonly string[];
  readonly print: (text: string) => void;
  readonly onProgress: (line: string) => void;
}

/**
 * Starts every build by every Node, in turns, Mercurius beside them. The first start of each does not count: from Node 22.8 on it
 * fills the cache of compiled code for the later ones.
 */
export async function runStarts(options: RunStartsOptions): Promise<void> {
  const { starts, nodes, builds, print, onProgress } = options;
  const started = { ...options, first: oneScript().requests[0] as BenchRequest };
  const subjects = nodes.flatMap((node) => {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    const all = [...builds.map(gatewayBuiltIn), mercurius];
    return all.map((subject) => startedWith(node, { ...subject, name: `${subject.name}, Node ${version}` }));
  });
  const rows = subjects.map((subject) => ({ subject, measured: [] as Start[] }));
  for (let round = 0; round <= starts; round++) {
    for (const { subject, measured } of rows) {
      onProgress(`${subject.name}, start ${round} of ${starts}`);
      const start = await measureStart(subject, started);
      if (round > 0) measured.push(start);
    }
  }
  print(reportStarts(rows.map(({ subject, measured }) => [subject.name, measured])));
  const commands: [string, number[]][] = [];
  for (const node of nodes) {
    for (const build of builds) {
      for (const flag of ['--version', '--help']) {
        const times: number[] = [];
        for (let round = 0; round < starts; round++)
          times.push(await measureCommand(node, [`${build}/main.js`, flag]));
        commands.push([`${node} ${build} ${flag}`, times]);
      }
    }
  }
  print(reportCommands(commands));
}

function startedWith(node: string, subject: Subject): Subject {
  return { ...subject, command: (...place) => ({ ...subject.command(...place), command: node }) };
}
