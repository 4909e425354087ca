import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';

/** `BAN_MEMBERS`, which is what the bot asks for. */
const MAY_BAN = String(1 << 2);
/** Only the sender sees the answer. */
const EPHEMERAL = 64;

export interface Command {
  readonly subcommand: string;
  /** The Discord id of whom it is about. */
  readonly user: string;
  readonly options?: Readonly<Record<string, string | number>>;
  readonly permissions?: string;
}

const BOT = { id: '900000000000000001', username: 'bot', discriminator: '0', bot: true };
const APPLICATION = '800000000000000001';
const STAFF = { id: '100000000000000001', username: 'staff', discriminator: '0' };

/**
 * Discord, as far as a bot meets it. It sends interactions by its gateway, a WebSocket, and takes what the bot makes of its answer. (https://discord.com/developers/docs/events/gateway)
 */
export async function startFakeDiscord() {
  /** The requests that reached Discord, as text: addresses and bodies. */
  const received: string[] = [];
  const edits = new Map<string, (content: string) => void>();
  const server = createServer(async (request, response): Promise<unknown> => {
    const body = await text(request);
    const { method, headers } = request;
    const path = decodeURIComponent(request.url ?? '')
      .replace(/^\/v10/, '')
      .replace(/\?.*$/, '');
    received.push(`${method} ${path} ${body}`);
    const answer = (status: number, value: unknown = {}) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const isBot = headers.authorization === 'Bot token-of-the-bot';
    if (path === `/applications/${APPLICATION}/commands`)
      return answer(isBot && method === 'PUT' ? 200 : 401, []);
    if (path === '/gateway/bot') {
      const session_start_limit = { total: 9, remaining: 9, reset_after: 0, max_concurrency: 1 };
      return answer(isBot ? 200 : 401, { url: addressOf('ws'), shards: 1, session_start_limit });
    }
    const [, called] = /^\/interactions\/[^/]+\/([^/]+)\/callback$/.exec(path) ?? [];
    const { type, content, data, allowed_mentions } = JSON.parse(body);
    if (called !== undefined) {
      if (type === 4) edits.get(called)?.(data.content);
      return answer(data.flags === EPHEMERAL ? 200 : 400);
    }
    const [, token = ''] = /^\/webhooks\/[^/]+\/([^/]+)\/messages\/@original$/.exec(path) ?? [];
    const isExpected = method === 'PATCH' && JSON.stringify(allowed_mentions) === '{"parse":[]}';
    edits.get(token)?.(isExpected ? content : 'The edit was refused.');
    return answer(isExpected ? 200 : 400, { id: '1', channel_id: '2', author: BOT, content });
  });
  const addressOf = (scheme: string) => `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    const say = (op: number, rest: object = {}) => socket.send(JSON.stringify({ op, ...rest }));
    say(10, { d: { heartbeat_interval: 40_000 } });
    socket.on('message', (message) => {
      const { op, d } = JSON.parse(String(message));
      if (op === 1) return say(11);
      if (op !== 2 || d.token !== 'token-of-the-bot') return;
      const ready = { v: 10, user: BOT, guilds: [], session_id: 's', resume_gateway_url: addressOf('ws') };
      say(0, { t: 'READY', s: 1, d: { ...ready, application: { id: APPLICATION, flags: 0 } } });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  /** An interaction as Discord describes it, and the text that its sender reads in the end. */
  function interact({ subcommand, user, options = {}, permissions = MAY_BAN }: Command) {
    count += 1;
    const token = `interaction-token-${count}`;
    const edited = new Promise<string>((resolve) => edits.set(token, resolve));
    const values = Object.entries({ user, ...options }).map(([name, value]) => ({
      type: name === 'user' ? 6 : typeof value === 'number' ? 4 : 3,
      name,
      value,
    }));
    const interaction = {
      type: 2,
      id: String(count),
      application_id: APPLICATION,
      token,
      guild_id: '3',
      channel_id: '2',
      entitlements: [],
      authorizing_integration_owners: {},
      member: { user: STAFF, permissions, roles: [] },
      data: {
        id: '4',
        type: 1,
        name: 'licence',
        resolved: { users: { [user]: { id: user, username: 'member', discriminator: '0' } } },
        options: [{ type: 1, name: subcommand, options: values }],
      },
    };
    return { interaction, edited };
  }

  let count = 0;
  return {
    url: addressOf('http'),
    received,
    /** Somebody sends the command to the bot that is connected; what they read in the end. */
    send(command: Command): Promise<string> {
      const { interaction, edited } = interact(command);
      for (const socket of sockets.clients)
        socket.send(JSON.stringify({ op: 0, t: 'INTERACTION_CREATE', s: count + 1, d: interaction }));
      return edited;
    },
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
