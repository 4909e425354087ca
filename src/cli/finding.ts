/** One thing that `check` has to say, and what to do about it. */
export interface Finding {
  /** `note` is worth knowing, `fail` has to be fixed. */
  readonly level: 'ok' | 'note' | 'fail';
  readonly subject: 'Configuration' | 'LuaAuth' | 'Key';
  readonly fact: string;
  readonly advice?: string;
}

/** A finding as lines for a person. */
export function show({ level, subject, fact, advice }: Finding): string {
  const line = `${level.padEnd(4)}  ${subject.padEnd(13)}  ${fact}`;
  return advice === undefined ? line : `${line}\n${' '.repeat(21)}${advice}`;
}
