const NAME = 'luaauth-dashboard-key';

/** The key that the visitor has signed in with; null: none. Empty: the gateway asks for none. */
export const readKey = (): string | null => storage()?.getItem(NAME) ?? null;

/** Keeps it until the tab closes: it is in no address and no lasting storage. */
export const keepKey = (key: string): void => storage()?.setItem(NAME, key);

export const forgetKey = (): void => storage()?.removeItem(NAME);

/** undefined: the browser keeps no data of sites, so that the key is known until the page is loaded anew. */
function storage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}
