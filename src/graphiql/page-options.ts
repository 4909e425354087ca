/** How visitors of the page show who they are: a key, in one field that serves all tabs. */
export interface VisitorCredential {
  /** The request header that carries it, in lower case. */
  readonly header: string;
  /** What stands before the key in that header. */
  readonly prefix: string;
  /** What the key is called. */
  readonly label: string;
  /** What the field holds at first: a key that is no secret, or nothing. */
  readonly publicKey: string;
  /** The shell variable that a copied command reads a secret key from. */
  readonly variable: string;
}

/** What the page's own script is told, beside GraphiQL's options. */
export interface PageOptions {
  /** Undefined: the gateway asks nobody who they are. */
  readonly credential: VisitorCredential | undefined;
  /** One sentence about what is behind the page. */
  readonly note: string;
  /** Where operations are sent, from the root of the origin. */
  readonly endpoint: string;
}
