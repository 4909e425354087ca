import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { COMMAND, MAY_USE, NOT_ALLOWED, type RunCommand } from './commands.ts';
import { type CommandInteraction, isSigned, readInteraction, readPublicKey } from './interaction.ts';

export interface BotOptions {
  readonly run: RunCommand;
  /** The public key of the Discord application, in hex. */
  readonly publicKey: string;
  readonly discordApi: string;
  /** Takes a line for each command. */
  readonly log: (line: object) => void;
}

const PONG = { type: 1 };
/** Discord waits 3 s for an answer and LuaAuth's quota may take longer: the answer is "thinking", then it is edited. */
const EPHEMERAL = 64;
const THINKING = { type: 5, data: { flags: EPHEMERAL } };
const say = (content: string) => ({ type: 4, data: { flags: EPHEMERAL, content } });

const MAX_BODY_BYTES = 64 * 1024;
const MAX_CONTENT = 2_000;

/** The endpoint for interactions, as a request listener. Its answers are shown to the sender alone. */
export function createBot({ run, publicKey, discordApi, log }: BotOptions): RequestListener {
  const key = readPublicKey(publicKey);

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (!body) return refuse(response, 413);
    if (!isSigned(key, request.headers, body)) return refuse(response, 401);
    const interaction = readInteraction(body);
    if (interaction === 'ping') return answer(response, PONG);
    if (interaction?.command !== COMMAND.name) return answer(response, say('I do not know this command.'));
    // Discord hides the command from the others; a server may have changed that by mistake.
    if ((interaction.permissions & MAY_USE) === 0n) {
      log({ ...factsOf(interaction), result: 'not allowed' });
      return answer(response, say(NOT_ALLOWED));
    }
    answer(response, THINKING);
    const { result, text } = await run(interaction.subcommand, interaction.options);
    const isShown = await edit(interaction, text);
    log({ ...factsOf(interaction), result, isShown });
  }

  /** Replaces "thinking" by the text. No member in it is pinged. */
  async function edit({ applicationId, token }: CommandInteraction, text: string): Promise<boolean> {
    const content = text.slice(0, MAX_CONTENT);
    try {
      const { ok } = await fetch(
        `${discordApi}/v10/webhooks/${encodeURIComponent(applicationId)}/${encodeURIComponent(token)}/messages/@original`,
        {
          method: 'PATCH',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ content, allowed_mentions: { parse: [] } }),
        },
      );
      return ok;
    } catch {
      // The error has the address in it, and so the token.
      return false;
    }
  }

  return (request, response) => {
    receive(request, response).catch(() => {
      log({ result: 'a mistake' });
      if (!response.headersSent) refuse(response, 400);
    });
  };
}

function factsOf({ id, by, subcommand, options }: CommandInteraction) {
  return { interaction: id, command: subcommand, by, of: options.user };
}

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

/** Undefined: it is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
