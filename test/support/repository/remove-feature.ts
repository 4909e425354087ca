import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The composition root. */
const LISTS = ['gateway-features.ts', 'process-features.ts'].map((file) => `src/features/${file}`);

/** The features of a project, by the names of their folders. */
export function featuresOf(root: string): string[] {
  const entries = readdirSync(join(root, 'src/features'), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Deletes the folder of a feature, its line in the composition root, and what was built of it. */
export function removeFeature(root: string, feature: string): void {
  for (const folder of ['src', 'dist'])
    rmSync(join(root, folder, 'features', feature), { recursive: true, force: true });
  for (const list of LISTS) {
    const text = readFileSync(join(root, list), 'utf8');
    writeFileSync(join(root, list), withoutFeature(text, feature));
  }
}

/** A file of the composition root without the line of a feature. */
export function withoutFeature(text: string, feature: string): string {
  const lines = text.split('\n');
  return lines.filter((line) => !line.includes(`'./${feature}/`)).join('\n');
}
