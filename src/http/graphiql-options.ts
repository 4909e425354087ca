/** A GraphiQL tab: a document that runs as it is, with its variables as JSON text. */
export interface Tab {
  readonly query: string;
  readonly variables: string;
}

/** How visitors of the page show who they are: a key, in one field that serves all tabs. */
export interface VisitorCredential {
  /** The request header that carries it, in lower case. */
  readonly header: string;
  /** The text before the key in that header. */
  readonly prefix: string;
  /** The name of the key. */
  readonly label: string;
  /** The field's first value: a key that is no secret, or nothing. */
  readonly publicKey: string;
  /** The shell variable that a copied command reads a secret key from. */
  readonly variable: string;
}

/** The options of the page's script. */
export interface PageOptions {
  /** The tabs of a visitor without saved ones. */
  readonly tabs: readonly Tab[];
  /** Undefined: the gateway asks nobody who they are. */
  readonly credential: VisitorCredential | undefined;
  /** One sentence about what is behind the page. */
  readonly note: string;
}

export interface GraphiQLPageOptions extends Omit<PageOptions, 'tabs'> {
  /** The tabs of a visitor without saved ones, or a function that makes them of the page's own documents. */
  readonly tabs: PageOptions['tabs'] | ((documents: Readonly<Record<string, string>>) => PageOptions['tabs']);
  /** Makes the page soon rather than with the first visitor, who then need not wait for it. */
  readonly inAdvance?: boolean;
}
