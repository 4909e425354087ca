import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = mkdtempSync(join(tmpdir(), 'bench-'));

/** A new empty folder, until the process ends. */
export function createFolder(): string {
  return mkdtempSync(join(root, 'part-'));
}

process.once('exit', () => rmSync(root, { recursive: true, force: true }));
