/** Names a client: clients take turns, and each gets a bounded part of the memory. */
export interface ClientName {
  readonly name: string;
  /** Whether the client has a key that LuaAuth, or the gateway itself, has accepted. */
  readonly isAccepted: boolean;
}

/** What operations come from, such as a socket. While it is paused, it is not read. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

export interface WaitingOperation {
  begin(): void;
  /** Undefined for the event of a stream, which is never refused: a stream has at most one event that waits. */
  readonly refuse: (() => void) | undefined;
  readonly source: Source | undefined;
}

/** What a client has at the gate. */
export class Client {
  readonly name: string;
  readonly group: Group;
  /** The operations that have not begun, in their order. */
  readonly waiting: WaitingOperation[] = [];
  /** How many of them may be refused. */
  refusable = 0;
  /** How many operations have begun and not ended. */
  underWay = 0;
  /** The memory of its bodies and operations. */
  bytes = 0;
  /** How many requests have reserved memory. */
  requests = 0;
  /** Its bodies that have not arrived completely, the newest last. */
  readonly arriving = new Set<{ refuse(): void }>();
  /** The sources that are not read. */
  readonly unread = new Set<Source>();

  constructor(name: string, group: Group) {
    this.name = name;
    this.group = group;
  }
}

/** The clients with an accepted key, or those without. */
export class Group {
  /** The part of the gate's memory and operations that the clients of the group may have together. */
  readonly share: number;
  /** All clients that have anything at the gate. */
  readonly clients = new Map<string, Client>();
  /** The clients with operations that wait, in the order of their turns. */
  readonly turns: Client[] = [];
  refusable = 0;
  underWay = 0;
  bytes = 0;

  constructor(share: number) {
    this.share = share;
  }

  clientOf(name: string): Client {
    let client = this.clients.get(name);
    if (!client) {
      client = new Client(name, this);
      this.clients.set(name, client);
    }
    return client;
  }

  /** Forgets a client that has nothing at the gate. */
  forget({ name, waiting, underWay, requests }: Client): void {
    if (waiting.length + underWay + requests === 0) this.clients.delete(name);
  }

  largest(sizeOf: (client: Client) => number): Client | undefined {
    let largest: Client | undefined;
    for (const client of this.clients.values())
      if (!largest || sizeOf(client) > sizeOf(largest)) largest = client;
    return largest;
  }
}
