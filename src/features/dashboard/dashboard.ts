import { fileURLToPath } from 'node:url';
import type { HttpRoute } from '../../http/routes.ts';
import { StartError } from '../../observability/start-error.ts';
import type { DashboardSettings } from '../../server/features.ts';
import { createStaticRoute } from '../../server/static-file.ts';
import { PACKAGE } from '../../version.ts';

export { RecentRequests } from './recent-requests.ts';

/** The built dashboard. The package and the image contain it; a clone has to build it. */
const FOLDER = fileURLToPath(new URL('dashboard/dist/', PACKAGE));

/** A file that is not in the folder: the settings of this gateway, which the page reads. */
const SETTINGS_FILE = '/dashboard/settings.json';

/** Loads the dashboard's pages. @throws StartError if it is not built or cannot be read */
export async function loadDashboard(settings: DashboardSettings): Promise<HttpRoute> {
  const settingsFile = {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(settings),
  };
  try {
    const files = await createStaticRoute('/dashboard', FOLDER);
    return (request) => (request.path === SETTINGS_FILE ? settingsFile : files(request));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      `DASHBOARD is true, but ${JSON.stringify(FOLDER)} has no readable dashboard (${code}). Run "npm run dashboard" in the repository, or leave DASHBOARD out.`,
      { cause },
    );
  }
}
