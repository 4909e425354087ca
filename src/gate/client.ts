/** Names a client, of which each gets a bounded part of the memory. */
export interface ClientName {
  readonly name: string;
  /** Whether the client has a key that LuaAuth, or the gateway itself, has accepted. */
  readonly isAccepted: boolean;
}

/** The memory of a client. */
export class Client {
  readonly name: string;
  readonly group: Group;
  /** The memory of its bodies and operations. */
  bytes = 0;
  /** How many requests have reserved memory. */
  requests = 0;
  /** Its bodies that have not arrived completely, the newest last. */
  readonly arriving = new Set<{ refuse(): void }>();

  constructor(name: string, group: Group) {
    this.name = name;
    this.group = group;
  }
}

/** The clients with an accepted key, or those without. */
export class Group {
  /** The part of the gate's memory that the clients of the group may have together. */
  readonly share: number;
  /** All clients that have anything at the gate. */
  readonly clients = new Map<string, Client>();
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
  forget({ name, requests }: Client): void {
    if (requests === 0) this.clients.delete(name);
  }

  largest(sizeOf: (client: Client) => number): Client | undefined {
    let largest: Client | undefined;
    for (const client of this.clients.values())
      if (!largest || sizeOf(client) > sizeOf(largest)) largest = client;
    return largest;
  }
}
