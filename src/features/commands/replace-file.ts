import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a new file in the place of the old one, which stays as it is if `fill` fails. The new file is `path` with `.new`;
 * `wx` fails with EEXIST while another process writes it.
 */
export async function replaceFile(
  path: string,
  flag: 'w' | 'wx',
  fill: (file: number) => Promise<void> | void,
): Promise<void> {
  const next = `${path}.new`;
  // Only its owner can read it.
  const file = openSync(next, flag, 0o600);
  try {
    await fill(file);
    fsyncSync(file);
    // Another program that reads at this moment sees either the old or the new file.
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  syncFolder(path);
}

/** A new file is on the disk only when its folder is. */
export function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
  } catch {
    // Windows cannot open folders.
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}
