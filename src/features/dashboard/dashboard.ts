import { fileURLToPath } from 'node:url';
import type { HttpRoute } from '../../http/routes.ts';
import { createStaticRoute } from '../../http/static-file.ts';
import { StartError } from '../../observability/start-error.ts';
import { PACKAGE } from '../../version.ts';

/** The built dashboard. The package and the image contain it; a clone has to build it. */
const FOLDER = fileURLToPath(new URL('examples/react-dashboard/dist/', PACKAGE));

/** Loads the dashboard's pages. @throws StartError if it is not built or cannot be read */
export async function loadDashboard(): Promise<HttpRoute> {
  try {
    return await createStaticRoute('/dashboard', FOLDER);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      `DASHBOARD is true, but ${JSON.stringify(FOLDER)} has no readable dashboard (${code}). Run "npm run dashboard" in the repository, or leave DASHBOARD out.`,
      { cause },
    );
  }
}
