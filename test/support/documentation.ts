import { readFileSync } from 'node:fs';

/** A fenced block of a document, in its place. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly line: number;
}

/** Something that can be run, and what it is said to answer or print. */
export interface Step {
  /** Such as `recipes.md:12`. */
  readonly title: string;
  readonly kind: 'sh' | 'graphql';
  readonly text: string;
  /** Variables of an operation. */
  readonly variables: unknown;
  /** `text` is printed as it stands, `json` is printed or answered; nothing is said of a command that prints nothing. */
  readonly expected: Block | undefined;
}

export function readBlocks(path: string): Block[] {
  const lines = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').split('\n');
  const blocks: Block[] = [];
  let heading = '';
  let open: { language: string; start: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const [, fence] = /^\s*```(\w*)\s*$/.exec(line) ?? [];
    if (fence === undefined) {
      if (!open && line.startsWith('#')) heading = line.replace(/^#+ /, '');
    } else if (open) {
      const text = lines.slice(open.start, index).join('\n');
      blocks.push({ language: open.language, text, heading, line: open.start });
      open = undefined;
    } else {
      open = { language: fence, start: index + 1 };
    }
  }
  return blocks;
}

/** The steps of a document in order: each `sh` or `graphql` block with the variables and the answer that follow it. */
export function stepsOf(path: string): Step[] {
  const blocks = readBlocks(path);
  return blocks.flatMap((block, index) => {
    const { language, text, line } = block;
    if (language !== 'sh' && language !== 'graphql') return [];
    const [next, afterNext] = blocks.slice(index + 1);
    const hasVariables = language === 'graphql' && next?.language === 'json' && !isAnswer(next);
    const below = hasVariables ? afterNext : next;
    return [
      {
        title: `${path.replace(/^docs\//, '')}:${line}`,
        kind: language,
        text,
        variables: hasVariables ? JSON.parse(next.text) : undefined,
        expected: below?.language === 'json' || below?.language === 'text' ? below : undefined,
      } satisfies Step,
    ];
  });
}

function isAnswer({ text }: Block): boolean {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value);
}
