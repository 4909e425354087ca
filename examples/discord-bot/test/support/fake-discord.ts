import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** `BAN_MEMBERS`, which is what the bot asks for. */
const MAY_BAN = String(1 << 2);

export interface Command {
  readonly subcommand: string;
  /** The Discord id of whom it is about. */
  readonly user: string;
  readonly options?: Readonly<Record<string, string | number>>;
  readonly permissions?: string;
}

/** Discord, as far as a bot meets it: signs interactions, sends them, and takes what the bot makes of its answer. */
export async function startFakeDiscord() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  /** The requests that reached Discord, as text: addresses and bodies. */
  const received: string[] = [];
  const edits = new Map<string, (content: string) => void>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    received.push(`${request.method} ${request.url} ${body}`);
    if (request.url === '/applications/app/commands') {
      const isBot = request.method === 'PUT' && request.headers.authorization === 'Bot bot-token';
      response.writeHead(isBot ? 200 : 401).end('[]');
      return;
    }
    const [, token = ''] = /^\/webhooks\/app\/([^/]+)\/messages\/@original$/.exec(request.url ?? '') ?? [];
    const { content, allowed_mentions } = JSON.parse(body) as { content: string; allowed_mentions: object };
    const isExpected = request.method === 'PATCH' && JSON.stringify(allowed_mentions) === '{"parse":[]}';
    response.writeHead(isExpected ? 200 : 400).end('{}');
    edits.get(token)?.(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  /** POSTs to the bot what Discord has signed. */
  async function post(url: string, body: string, headers: Record<string, string> = signatureOf(body)) {
    const response = await fetch(url, { method: 'POST', headers, body });
    const answer = await response.text();
    received.push(answer);
    return { status: response.status, answer: answer === '' ? undefined : JSON.parse(answer) };
  }

  function signatureOf(body: string): Record<string, string> {
    const timestamp = '1770624500';
    const signature = sign(null, Buffer.from(timestamp + body), privateKey).toString('hex');
    return { 'x-signature-ed25519': signature, 'x-signature-timestamp': timestamp };
  }

  let count = 0;
  return {
    /** As the developer portal shows it. */
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex'),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    post,
    /** Somebody sends the command; what they read in the end. */
    async send(
      url: string,
      { subcommand, user, options = {}, permissions = MAY_BAN }: Command,
    ): Promise<string> {
      count += 1;
      const token = `interaction-token-${count}`;
      const edited = new Promise<string>((resolve) => edits.set(token, resolve));
      const values = { user, ...options };
      const { status, answer } = await post(
        url,
        JSON.stringify({
          type: 2,
          id: String(count),
          application_id: 'app',
          token,
          member: { user: { id: '100000000000000001' }, permissions },
          data: {
            name: 'licence',
            options: [
              {
                type: 1,
                name: subcommand,
                options: Object.entries(values).map(([name, value]) => ({ name, value })),
              },
            ],
          },
        }),
      );
      if (status !== 200) throw new Error(`the bot answered ${status}`);
      // 5: "thinking"; both are for the sender's eyes alone.
      if (answer.data.flags !== 64) throw new Error('everyone can see the answer');
      return answer.type === 5 ? edited : answer.data.content;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
