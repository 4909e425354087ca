import { useEffect } from 'react';

/** Names the page in the browser's tab and history. A key is in no title. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · LuaAuth` : 'LuaAuth';
  }, [title]);
}
