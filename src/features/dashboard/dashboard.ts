import { fileURLToPath } from 'node:url';
import type { HttpRoute } from '../../http/routes.ts';
import { createStaticRoute } from '../../http/static-file.ts';
import { StartError } from '../../observability/start-error.ts';

/** As built; the package and the image bring it along, a clone builds it. */
const FOLDER = fileURLToPath(new URL('../../../examples/react-dashboard/dist/', import.meta.url));

/** The dashboard's pages. @throws StartError where it is not built, or cannot be read */
export async function loadDashboard(): Promise<HttpRoute> {
  try {
    return await createStaticRoute('/dashboard', FOLDER);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      `DASHBOARD is true, but there is no dashboard that can be read in ${JSON.stringify(FOLDER)} (${code}). Run "npm run dashboard" in the repository, or leave DASHBOARD out.`,
      { cause },
    );
  }
}
