import { useState } from 'react';

const NAME = 'luaauth-dashboard-theme';

const ofSystem = () => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

function kept(): string | null {
  try {
    return localStorage.getItem(NAME);
  } catch {
    // The browser keeps no data of sites.
    return null;
  }
}

function show(theme: string): void {
  document.documentElement.dataset.theme = theme;
}

/** Shows the mode that was chosen on this machine. Without a choice the page follows the system. */
export function showKeptTheme(): void {
  const theme = kept();
  if (theme === 'dark' || theme === 'light') show(theme);
}

/** Whether the page is dark, and the switch. */
export function useTheme() {
  const [theme, setTheme] = useState(() => document.documentElement.dataset.theme ?? ofSystem());
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    show(next);
    setTheme(next);
    try {
      localStorage.setItem(NAME, next);
    } catch {
      // The choice lasts until the page is loaded anew.
    }
  };
  return { isDark: theme === 'dark', toggle };
}
