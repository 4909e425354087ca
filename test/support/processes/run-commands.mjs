/**
 * Runs one module again and again, each time as the command of a new process: with its own arguments, variables and folder.
 * A command is over when nothing keeps the process running, or after `process.exit`. The end of each output then names the
 * exit code. See `commands-of.ts`, which asks for the commands.
 */
import { pathToFileURL } from 'node:url';

/** How long other code may run on after `process.exit`, in ms. */
const LAST_MS = 200;
const EXIT = new Error('process.exit was called');

const [, , path] = process.argv;
const exit = process.exit.bind(process);
let count = 0;
let isRunning = false;
let end;

process.exit = (code) => {
  if (code !== undefined) process.exitCode = code;
  end ??= setTimeout(exit, LAST_MS).unref();
  throw EXIT;
};
process.on('unhandledRejection', rejectedBy);
process.on('message', run);
process.on('beforeExit', finish);
const own = new Map(
  [process, process.stdout, process.stderr].map((emitter) => [emitter, listenersOf(emitter)]),
);

function run({ args, variables, cwd, module = path }) {
  // Nothing but the command keeps the process running.
  process.channel.unref();
  process.chdir(cwd);
  process.argv = [process.execPath, module, ...args];
  process.exitCode = undefined;
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, variables);
  isRunning = true;
  count += 1;
  import(`${pathToFileURL(module)}?${count}`).catch(rejectedBy);
}

function finish() {
  if (!isRunning) return;
  isRunning = false;
  clearTimeout(end);
  end = undefined;
  const code = process.exitCode ?? 0;
  for (const { emitter, name, listener } of listenersOfCommand()) {
    emitter.off(name, listener);
    if (emitter === process && name === 'exit') listener(code);
  }
  for (const stream of [process.stdout, process.stderr]) stream.write(`\0${code}\0`);
  process.channel.ref();
}

/** @throws what the command has not caught, which ends this process as it would end the process of the command */
function rejectedBy(reason) {
  if (reason !== EXIT) throw reason;
}

function listenersOf(emitter) {
  return new Map(emitter.eventNames().map((name) => [name, emitter.listeners(name)]));
}

function listenersOfCommand() {
  return [...own].flatMap(([emitter, before]) =>
    [...listenersOf(emitter)].flatMap(([name, all]) =>
      all
        .filter((listener) => !before.get(name)?.includes(listener))
        .map((listener) => ({ emitter, name, listener })),
    ),
  );
}
