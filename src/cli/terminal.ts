import type { Readable, Writable } from 'node:stream';

/** Everything that a command has of its process. Tests run commands in their own process, with streams of their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Calls `stop` at the first signal to stop, with the name of the signal. Without it, no signal is noticed. */
  readonly onStop?: (stop: (signal: string) => void) => void;
}

type Output = Writable & { readonly isTTY?: boolean | undefined };

/** Characters that a terminal obeys, such as the controls of C0 and C1, and characters that change the direction of text. */
const UNSAFE = /[^\P{Cc}\n\t]|\p{Bidi_Control}/gu;

/** So that no text can control the terminal. In JSON the escapes stand for the same characters. */
function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, (unsafe) => `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function print({ stdout }: Pick<Terminal, 'stdout'>, text: string): void {
  stdout.write(`${escapeUnsafe(text)}\n`);
}

/** Prints a text that must not be lost, and returns the error if stdout did not accept it. */
export function printForSure(
  { stdout }: Pick<Terminal, 'stdout'>,
  text: string,
): Promise<NodeJS.ErrnoException | null | undefined> {
  return new Promise((resolve) => stdout.write(`${escapeUnsafe(text)}\n`, resolve));
}

export function printError({ stderr }: Pick<Terminal, 'stderr'>, text: string): void {
  stderr.write(`${escapeUnsafe(text)}\n`);
}

export const EXIT = {
  ok: 0,
  /** The configuration is wrong, an address is taken, or `check` found a problem. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The answer to a `query` has errors. */
  errors: 3,
  /** LuaAuth refused the mutation of a `query`. */
  refused: 4,
  /** `query --each` stopped before the last row. */
  stopped: 5,
} as const;
