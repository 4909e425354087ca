/** A comment or a string literal of a source file. */
export interface Prose {
  readonly kind: 'comment' | 'literal';
  /** The line it begins in, from 1. */
  readonly line: number;
  /** Offsets in the source. */
  readonly start: number;
  readonly end: number;
  /** Without marks; an expression in a template is `X`. */
  readonly text: string;
}

/** Finds the comments and string literals of TypeScript. Adjacent `//` lines are one comment. */
export function proseOf(source: string): readonly Prose[] {
  const found: Prose[] = [];
  const templates: { start: number; text: string; depth: number }[] = [];
  let depth = 0;
  let at = 0;
  let before = '';
  const lineAt = lineCounter(source);
  const add = (kind: Prose['kind'], start: number, end: number, text: string) =>
    found.push({ kind, line: lineAt(start), start, end, text });
  /** Reads template text up to its end or its next expression. */
  const template = (start: number, from: number, read: string) => {
    const [raw = ''] = /(?:\\.|\$(?!\{)|[^\\`$])*/sy.exec(sliceFrom(source, from)) ?? [];
    at = from + raw.length;
    if (source[at] === '$') {
      templates.push({ start, text: `${read}${raw}X`, depth });
      at += 2;
      before = '{';
    } else {
      at += 1;
      add('literal', start, at, read + raw);
      before = '`';
    }
  };
  while (at < source.length) {
    const rest = source[at] as string;
    const two = source.slice(at, at + 2);
    const start = at;
    if (two === '//' || two === '/*') {
      const end = two === '//' ? source.indexOf('\n', at) : source.indexOf('*/', at) + 2;
      at = end < at ? source.length : end;
      add('comment', start, at, source.slice(start, at));
    } else if (rest === "'" || rest === '"') {
      const [raw = rest] =
        (rest === "'" ? /'(?:\\.|[^\\'\n])*'?/sy : /"(?:\\.|[^\\"\n])*"?/sy).exec(sliceFrom(source, at)) ??
        [];
      at += raw.length;
      add('literal', start, at, raw.slice(1, -1).replaceAll(/\\(['"])/g, '$1'));
      before = rest;
    } else if (rest === '`') {
      template(start, at + 1, '');
    } else if (rest === '/' && /(?:^|[(,=:[!&|?{};>+\n]|\b(?:return|case|typeof))$/.test(before)) {
      const [raw = '/'] =
        /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y.exec(sliceFrom(source, at)) ?? [];
      at += raw.length;
      before = '/';
    } else if (rest === '}' && templates.at(-1)?.depth === depth) {
      const { start: begun, text } = templates.pop() as (typeof templates)[number];
      template(begun, at + 1, text);
    } else {
      if (rest === '{') depth += 1;
      if (rest === '}') depth -= 1;
      at += 1;
      if (/\S/.test(rest)) before = (/\w/.test(rest) ? before.replace(/.*\W/s, '') : '') + rest;
      else if (/\w$/.test(before) && !/^(?:return|case|typeof)$/.test(before)) before = 'x ';
    }
  }
  return merged(source, found).sort((a, b) => a.start - b.start);
}

/** A sticky expression has to start at 0 of what it reads. */
const sliceFrom = (source: string, from: number) => source.slice(from, from + 100_000);

function lineCounter(source: string): (offset: number) => number {
  let line = 1;
  let counted = 0;
  return (offset) => {
    if (offset < counted) return source.slice(0, offset).split('\n').length;
    for (; counted < offset; counted++) if (source[counted] === '\n') line += 1;
    return line;
  };
}

/** Joins `//` lines that follow each other, each alone in its line, and removes the marks. */
function merged(source: string, found: readonly Prose[]): Prose[] {
  const result: Prose[] = [];
  for (const one of found) {
    const last = result.at(-1);
    const isLine = one.kind === 'comment' && one.text.startsWith('//');
    const between = last ? source.slice(last.end, one.start) : '';
    if (
      last?.kind === 'comment' &&
      isLine &&
      source.startsWith('//', last.start) &&
      /^\n[ \t]*$/.test(between)
    )
      result[result.length - 1] = { ...last, end: one.end, text: `${last.text}\n${one.text}` };
    else result.push(one);
  }
  return result.map((one) => (one.kind === 'comment' ? { ...one, text: withoutMarks(one.text) } : one));
}

function withoutMarks(comment: string): string {
  return comment
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(?:\/\/+|\/\*+|\*)? ?/, '').trimEnd())
    .join('\n')
    .trim();
}

/** The sentences of a text. Code counts as a word; an empty line, a row of a list and a tag begin anew. */
export function sentencesOf(text: string): readonly string[] {
  return text
    .replaceAll(/`[^`\n]*`|https?:\/\/\S+/g, 'X')
    .split(
      /\n\s*\n|\n(?=\s*[-*@|] ?)|(?<=[.!?:][)"'”]*)\s+(?=["'(“]?[\p{Lu}\d])|(?<=[.!?]["')]*)\s+|(?<=\s)@throws /u,
    )
    .map((sentence) => sentence.replaceAll(/\s+/g, ' ').trim())
    .filter((sentence) => sentence !== '');
}
