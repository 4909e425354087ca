import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The kinds of files by how long a single one of them takes. A worker that has finished the last of a kind takes up the next. */
const KINDS = [
  /package\.process\.test\.ts$|\.browser\.test\.ts$/,
  /\.redis\.test\.ts$/,
  /\.process\.test\.ts$/,
  /\.property\.test\.ts$/,
  /./,
];

/**
 * Runs the slowest files first, so that a run does not wait for one of them at the end. Vitest's own order knows only file
 * sizes in a fresh clone.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => KINDS.findIndex((kind) => kind.test(moduleId));
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}
