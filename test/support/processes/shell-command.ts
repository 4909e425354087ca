import { type AddressInfo, createServer, type Socket } from 'node:net';
import { pathOf } from '../repository/repository.ts';
import { MAIN } from './built.ts';
import { type Command, commandsOf, type Ended } from './commands-of.ts';

/** Sends the folder, the arguments and the variables. Gets the exit code and both outputs. */
const scriptFor = (port: number) => `#!/usr/bin/env bash
gateway='${pathOf('scripts/bin/luaauth-graphql')}'
case \${1:-} in check | keys | query) ;; *) exec "$gateway" "$@" ;; esac
for argument; do [ "$argument" != - ] || exec "$gateway" "$@"; done
exec 3<>/dev/tcp/127.0.0.1/${port}
{
  printf '%s\\0' "$PWD" "$#" "$@"
  for name in $(compgen -e); do printf '%s\\0' "$name=\${!name}"; done
  printf '\\0'
} >&3
read -r code bytes <&3
head -c "$bytes" <&3
cat <&3 >&2
exit "$code"
`;

/**
 * The command `luaauth-graphql` of a shell, as the text of a script. One process runs the commands `check`, `keys` and `query`,
 * except where they read their input. A gateway has a process of its own, as in a clone.
 */
export async function openShellCommand() {
  const commands = commandsOf(MAIN);
  const server = createServer((socket) => {
    let given = '';
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => {
      given += text;
      const command = commandOf(given.split('\0'));
      if (command) void commands.run(command).then((ended) => answer(socket, ended));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    script: scriptFor((server.address() as AddressInfo).port),
    async close(): Promise<void> {
      server.close();
      await commands.end();
    },
  };
}

/** A command of which all words have come. */
function commandOf([cwd = '', count, ...rest]: readonly string[]): Command | undefined {
  const args = rest.slice(0, Number(count));
  const end = rest.indexOf('', args.length);
  // The text after the last word is empty, too.
  if (end < 0 || end === rest.length - 1) return undefined;
  const variables = rest.slice(args.length, end).map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return { args, cwd, variables: Object.fromEntries(variables) };
}

function answer(socket: Socket, { code, stdout, stderr }: Ended): void {
  socket.end(`${code} ${Buffer.byteLength(stdout)}\n${stdout}${stderr}`);
}
