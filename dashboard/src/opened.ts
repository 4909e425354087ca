import { useEffect } from 'react';

/** A project or a script that was opened on this machine. Licence keys are secrets, so users are not remembered. */
export interface Opened {
  readonly page: 'project' | 'script';
  readonly id: string;
  readonly name: string;
}

const NAME = 'luaauth-dashboard-opened';
const MOST = 12;

/** The newest first. */
export function readOpened(): readonly Opened[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(NAME) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isOpened) : [];
  } catch {
    return [];
  }
}

/** Remembers an id that LuaAuth has found: until then the name is undefined, and the id may be a secret that was typed by mistake. */
export function useRemembered(page: Opened['page'], id: string, name: string | undefined): void {
  useEffect(() => {
    if (name === undefined) return;
    const others = readOpened().filter((other) => other.id !== id);
    write([{ page, id, name }, ...others].slice(0, MOST));
  }, [page, id, name]);
}

export const forgetOpened = (): void => write([]);

function write(opened: readonly Opened[]): void {
  try {
    localStorage.setItem(NAME, JSON.stringify(opened));
  } catch {
    // The browser keeps no data of sites.
  }
}

function isOpened(value: unknown): value is Opened {
  const { page, id, name } = (value ?? {}) as Record<string, unknown>;
  return (page === 'project' || page === 'script') && typeof id === 'string' && typeof name === 'string';
}
