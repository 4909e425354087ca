import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach } from 'vitest';
import { run as runCommand } from '../../../src/cli/program.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import * as features from '../../../src/features/process-features.ts';
import { useOpened } from '../gateways/fixture.ts';

interface Around {
  readonly variables?: Readonly<Record<string, string>>;
  /** Name and content of files in the folder of the test. An argument that is such a name stands for its path. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** The text on stdin. */
  readonly input?: string;
  readonly onStop?: Terminal['onStop'];
  /** Whether stderr is a terminal; by default it is none. */
  readonly isTerminal?: boolean;
  /** A stdout that the test brings; by default its text is the result's `stdout`. */
  readonly stdout?: Writable;
  /** Called with each text that the command writes to stderr. */
  readonly onStderr?: (text: string) => void;
}

/** Runs commands in this process, and what they ask. What a test has opened is closed after it. */
export function useCommands() {
  let folder: string | undefined;
  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
    folder = undefined;
  });
  // Hooks run from the last one to the first: what is open may use the folder.
  const { closing, record, sandboxed } = useOpened();

  /** The path of a file in the folder of the test. */
  function at(name: string): string {
    folder ??= mkdtempSync(join(tmpdir(), 'luaauth-graphql-'));
    return join(folder, name);
  }

  return {
    closing,
    record,
    sandboxed,
    at,
    /** Writes a file into the folder of the test, and returns its path. */
    file(name: string, content: string | Buffer): string {
      writeFileSync(at(name), content);
      return at(name);
    },
    /** Runs a command to its end. In its output, the folder of the test is left out of paths. */
    async run(
      args: readonly string[],
      { variables = {}, files = {}, input = '', onStop, isTerminal, stdout: given, onStderr }: Around = {},
    ) {
      for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);
      const paths = args.map((arg) =>
        arg.replace(/^(@?)(.*)$/s, (whole, sign: string, name: string) =>
          Object.hasOwn(files, name) ? sign + at(name) : whole,
        ),
      );
      const [stdout, stderr] = [collect(), Object.assign(collect(onStderr), { isTTY: isTerminal })];
      const terminal = {
        env: variables,
        stdin: Readable.from([Buffer.from(input)]),
        stdout: given ?? stdout,
        stderr,
      };
      const code = await runCommand(paths, onStop ? { ...terminal, onStop } : terminal, features);
      const shown = (text: string) => text.replaceAll(`${at('')}${sep}`, '');
      return { code, stdout: shown(stdout.text()), stderr: shown(stderr.text()) };
    },
  };
}

function collect(onText?: (text: string) => void) {
  const chunks: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      chunks.push(String(chunk));
      onText?.(String(chunk));
      done();
    },
  });
  return Object.assign(stream, { text: () => chunks.join('') });
}
