import { VARIABLE_GROUPS, type Variable } from '../src/config/env-variables.ts';

const WIDTH = 120;

/** The text of `.env.example`: each variable with its meaning, its values and its default, by group. */
export function envExample(): string {
  const groups = VARIABLE_GROUPS.map(({ title, variables }) =>
    [`# --- ${title} ---`, ...variables.map(entryOf)].join('\n\n'),
  );
  return `${[HEAD, ...groups].join('\n\n')}\n`;
}

const HEAD = `# Every variable of the gateway, with its default. Copy to .env and uncomment what you need.
# A variable that is set outside this file wins over it; an empty one counts as not set.
# Written by "npm run codegen" from src/config/env-variables.ts.`;

function entryOf([name, variable]: readonly [string, Variable]): string {
  const { meaning, secret, example = '' } = variable;
  return [
    ...comment(meaning),
    ...comment(`values: ${variable.allowedText ?? variable.allowed}`),
    `# ${name}=${variable.byDefault ?? example}`,
    ...(secret ? ['# ... or the file that contains it:', `# ${name}_FILE=`] : []),
  ].join('\n');
}

/** Lines of a comment, none longer than the page is wide. */
function comment(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
