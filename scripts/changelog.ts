const heading = /^## \[([^\]]+)\](?: - \d{4}-\d\d-\d\d)?$/gm;

/** The section of a version in a changelog in the form of Keep a Changelog, without the heading. */
export function sectionOf(changelog: string, version: string): string {
  const headings = [...changelog.matchAll(heading)];
  const at = headings.findIndex(([, name]) => name === version);
  const found = headings[at];
  if (found === undefined) {
    const names = headings.map(([, name]) => name).join(', ');
    throw new Error(
      `CHANGELOG.md has no section "## [${version}]", only: ${names}. Move what is under "Unreleased" there.`,
    );
  }
  const section = changelog.slice(found.index + found[0].length, headings[at + 1]?.index).trim();
  if (section === '') throw new Error(`CHANGELOG.md says nothing under "## [${version}]".`);
  return section;
}
