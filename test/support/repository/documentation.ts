import { readdirSync } from 'node:fs';
import { pathOf, textOf } from './repository.ts';

/** Directories that others write, some of them while this is read. */
const NOT_OURS = ['node_modules', 'dist', '.git', '.temp', 'cache', '.next'];

/** A fenced block of a document, in its place. */
interface Block {
  readonly language: string;
  readonly text: string;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly line: number;
}

/** Something that can be run, and what it is said to answer or print. */
export interface Step {
  /** Such as `recipes/bulk-edits.md:12`. */
  readonly title: string;
  readonly kind: 'sh' | 'graphql';
  readonly text: string;
  /** Variables of an operation. */
  readonly variables: unknown;
  /** The blocks that belong to it: its own, its variables and what is expected. */
  readonly blocks: readonly Block[];
  /** `text` is printed as it stands, `json` is printed or answered; nothing is said of a command that prints nothing. */
  readonly expected: Block | undefined;
}

/** The path of every document of the repository. */
export function findDocuments(folder = ''): string[] {
  return readdirSync(pathOf(folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.includes(entry.name)) return [];
    if (entry.isDirectory()) return findDocuments(`${folder}${entry.name}/`);
    return entry.name.endsWith('.md') ? [`${folder}${entry.name}`] : [];
  });
}

/** The anchors that GitHub makes of a document's headings. */
export function anchorsOf(path: string): string[] {
  const seen = new Map<string, number>();
  const prose = textOf(path).replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** Blocks that "npm run codegen" writes are left out: it executes them. */
export function readBlocks(path: string): Block[] {
  const generated = /<!-- Generated[\s\S]*<!-- End/;
  const lines = textOf(path)
    .replace(generated, (text) => text.replaceAll(/[^\n]/g, ''))
    .split('\n');
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
    const expected = below?.language === 'json' || below?.language === 'text' ? below : undefined;
    return [
      {
        title: `${path.replace(/^docs\//, '')}:${line}`,
        kind: language,
        text,
        variables: hasVariables ? JSON.parse(next.text) : undefined,
        blocks: [block, ...(hasVariables ? [next] : []), ...(expected ? [expected] : [])],
        expected,
      } satisfies Step,
    ];
  });
}

function isAnswer({ text }: Block): boolean {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value);
}
