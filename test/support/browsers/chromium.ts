import type { Browser } from 'playwright-core';
import { TOOLS } from '../processes/tools.ts';

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
 * Starts a real Chromium. The caller closes it.
 * @throws what to install where there is none
 */
export async function launchChromium(): Promise<Browser> {
  const { find, install } = TOOLS.Chromium;
  const executablePath = find();
  if (executablePath === undefined) throw new Error(`There is no Chromium on this machine: ${install}`);
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}
