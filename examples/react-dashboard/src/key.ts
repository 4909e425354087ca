const NAME = 'luaauth-dashboard-key';

/** The key that the visitor has signed in with; null: none. Empty: the gateway asks for none. */
export const readKey = (): string | null => sessionStorage.getItem(NAME);

/** Keeps it until the tab closes: it is in no address and no lasting storage. */
export const keepKey = (key: string): void => sessionStorage.setItem(NAME, key);

export const forgetKey = (): void => sessionStorage.removeItem(NAME);
