import { useEffect, useState } from 'react';

/** What the gateway tells the page before a visitor signs in. */
interface Settings {
  /** The projects that the operator of the gateway has pinned, by their ids. */
  readonly projects: readonly string[];
  /** The key of the sandbox, if the sandbox answers. */
  readonly sandboxKey?: string;
  /** Whether the gateway lists its last requests: it does if it holds the LuaAuth key. */
  readonly hasRequests?: boolean;
}

/** For a page that another server serves. */
const NONE: Settings = { projects: [] };

let settings: Promise<Settings> | undefined;

/** undefined: not known yet. */
export function useSettings(): Settings | undefined {
  const [found, setFound] = useState<Settings>();
  useEffect(() => {
    settings ??= fetch('settings.json')
      .then((response): Promise<Settings> => response.json())
      .catch(() => NONE);
    void settings.then(setFound);
  }, []);
  return found;
}
