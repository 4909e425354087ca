import { execFileSync } from 'node:child_process';

/** The servers on this machine that speak the protocol of Redis. */
export const ENGINES = ['redis-server', 'valkey-server'].filter(isInstalled);

export const HOW_TO_GET_ONE = 'apt-get install redis-server valkey-server    (or: brew install redis valkey)';

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
