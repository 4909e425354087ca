import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

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
 * A real Chromium. Where it is missing it is installed, as root on Debian.
 * @throws what to install anywhere else
 */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium() ?? installChromium();
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

const findChromium = () => PLACES.find((path) => existsSync(path));

function installChromium(): string {
  if (existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
      spawnSync('apt-get', args, { env, stdio: 'inherit' });
    }
  }
  const path = findChromium();
  if (path) return path;
  throw new Error('Chromium is missing. Install it, on Debian and Ubuntu with "apt-get install chromium".');
}
