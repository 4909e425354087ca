/** A GraphiQL tab: a document that runs unchanged, with its variables as JSON. */
export interface Tab {
  readonly query: string;
  readonly variables: string;
}

/** The key field of the page, shared by all tabs. */
export interface VisitorCredential {
  /** The request header that carries the key, in lower case. */
  readonly header: string;
  /** The text before the key in this header. */
  readonly prefix: string;
  readonly label: string;
  /** The initial value: a public key or an empty text. */
  readonly publicKey: string;
}

export interface PageOptions {
  readonly tabs: readonly Tab[];
  /** Undefined if the gateway needs no credential. */
  readonly credential: VisitorCredential | undefined;
  /** A sentence about the API behind the page. */
  readonly note: string;
}

export interface GraphiQLPageOptions extends Omit<PageOptions, 'tabs'> {
  /** The tabs of a visitor without saved ones, or a function that makes them of the page's own documents. */
  readonly tabs: PageOptions['tabs'] | ((documents: Readonly<Record<string, string>>) => PageOptions['tabs']);
}
