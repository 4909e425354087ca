import { VARIABLE_GROUPS, VARIABLE_NAMES, type Variable } from '../src/config/env-variables.ts';
import { FLAGS } from '../src/config/flags.ts';
import { markdownTable } from './generated-section.ts';

/** The generated part of docs/configuration.md: each variable with its flag, default, values and meaning, by group. */
export function configurationSection(): string {
  const [often = '', ...rare] = VARIABLE_GROUPS.map(({ title, variables }) => {
    const rows = variables.map(([name, variable]) => rowOf(name, variable));
    const heading = title.replace('Rarely needed: ', '');
    const more = MORE[heading] ?? '';
    return `### ${heading}\n\n${more}${markdownTable(['variable, flag', 'default', 'values', 'meaning'], rows)}`;
  });
  return [often, 'All that follows is rarely needed.', ...rare].join('\n\n');
}

/** Where a group is explained. */
const MORE: Readonly<Record<string, string>> = {
  Credentials: 'See [keys for a team](keys-for-a-team.md).\n\n',
  HTTP: 'See [security](security.md).\n\n',
  'Persisted documents': 'See [persisted documents](persisted-documents.md).\n\n',
  Timeouts: 'See [timeouts](errors.md#timeouts).\n\n',
  'Rate limit and cache': 'See [quota and caching](quota-and-caching.md).\n\n',
  'Several gateways': 'See [several gateways](several-gateways.md).\n\n',
  Shutdown: 'See [shutdown](operation.md#shutdown).\n\n',
  Limits: 'See [limits on requests](security.md#limits-on-requests).\n\n',
  'Logs, metrics and traces': 'See [operation](operation.md).\n\n',
};

function rowOf(name: string, variable: Variable): string[] {
  const byDefault = variable.byDefault;
  return [
    [name, ...(variable.secret ? [`${name}_FILE`] : [])].map(nameAndFlag).join('<br>'),
    byDefault === undefined ? '' : `\`${byDefault}\``,
    withCode(shortWords(variable.allowedText ?? variable.allowed)),
    withCode(variable.meaning),
  ];
}

/** The page says above the tables that times and sizes may have a unit, and keys a file. A default shows that a setting is on or off. */
function shortWords(words: string): string {
  if (words === 'true or false') return '';
  return words
    .replace(/^(?:milliseconds|bytes|requests per second), /, '')
    .replace(/, or with a unit such as \w+ or \w+/, '')
    .replace('a whole number from ', '')
    .replace('. A variable whose name ends in _FILE takes the path of a file that holds the key', '')
    .replace(', without user, query or fragment', '')
    .replace(/^(a host name or an IP address) to listen on$/, '$1')
    .replace(/^the path of a file$/, 'a path');
}

function nameAndFlag(variable: string): string {
  const flag = FLAGS.find((one) => one.variable === variable);
  return flag ? `\`${variable}\`<br>\`--${flag.name}\`` : `\`${variable}\``;
}

/** Names of variables, paths and URLs as code. */
function withCode(text: string): string {
  return text.replace(CODE, '`$&`');
}

const CODE = new RegExp(
  `\\b(?:${[...VARIABLE_NAMES].sort((one, other) => other.length - one.length).join('|')})\\b|\\bMAX_|https?://[\\w.:]*\\w|(?<= )/\\w+`,
  'g',
);
