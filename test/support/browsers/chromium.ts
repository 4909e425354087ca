import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { findCommand } from '../processes/commands.ts';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome'];

/** Where installers put Chrome and Chromium on systems that have them on no PATH. */
const PLACES: Partial<Record<NodeJS.Platform, (env: NodeJS.ProcessEnv) => string[]>> = {
  darwin: ({ HOME = '' }) =>
    ['Google Chrome', 'Chromium'].flatMap((name) =>
      ['', HOME].map((home) => `${home}/Applications/${name}.app/Contents/MacOS/${name}`),
    ),
  win32: ({ PROGRAMFILES, 'PROGRAMFILES(X86)': programFiles32, LOCALAPPDATA }) =>
    [PROGRAMFILES, programFiles32, LOCALAPPDATA].flatMap((folder) =>
      folder
        ? ['Google\\Chrome', 'Chromium'].map((name) => `${folder}\\${name}\\Application\\chrome.exe`)
        : [],
    ),
};

// Headless, quiet, and deaf to every address but this machine's.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];

/**
 * The path of a Chromium or Chrome: CHROME_PATH, else on the PATH, else where installers of the platform put it.
 * @throws if CHROME_PATH names no file
 */
export function findChromium(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  isThere: (path: string) => boolean = existsSync,
): string | undefined {
  const { CHROME_PATH, PATH } = env;
  if (CHROME_PATH) {
    if (isThere(CHROME_PATH)) return CHROME_PATH;
    throw new Error(
      `CHROME_PATH is ${JSON.stringify(CHROME_PATH)}, where there is no file. Give the path of a Chromium or Chrome, or unset it.`,
    );
  }
  return findCommand(COMMANDS, PATH ?? '') ?? PLACES[platform]?.(env).find(isThere);
}

/**
 * Starts a real Chromium. The caller closes it.
 * @throws what to install where there is none
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error(
      'There is no Chromium on this machine. Install it (on Debian and Ubuntu with "apt-get install chromium"), or set CHROME_PATH to its path.',
    );
  // Loaded here, not above: each thread of the tests only asks whether there is a Chromium. Playwright takes 0.2 s.
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}
