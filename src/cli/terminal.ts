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

/** The exit codes of commands. The help says what they mean. */
export const EXIT = { ok: 0, failed: 1, usage: 2, errors: 3, refused: 4, stopped: 5 } as const;
