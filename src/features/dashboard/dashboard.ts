import { fileURLToPath } from 'node:url';
import type { HttpRoute } from '../../http/routes.ts';
import { StartError } from '../../observability/start-error.ts';
import { createStaticRoute } from '../../server/static-file.ts';
import { PACKAGE } from '../../version.ts';

/** The built dashboard. The package and the image contain it; a clone has to build it. */
const FOLDER = fileURLToPath(new URL('examples/react-dashboard/dist/', PACKAGE));

/** A file that is not in the folder: it tells the page that signs visitors in which key the sandbox knows. */
const SANDBOX_FILE = '/dashboard/sandbox.json';

/**
 * Loads the dashboard's pages. `sandboxKey`: the key that visitors may use, if the sandbox answers.
 * @throws StartError if it is not built or cannot be read
 */
export async function loadDashboard(sandboxKey?: string): Promise<HttpRoute> {
  const sandboxFile = {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ key: sandboxKey }),
  };
  try {
    const files = await createStaticRoute('/dashboard', FOLDER);
    return (request) => (request.path === SANDBOX_FILE ? sandboxFile : files(request));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      `DASHBOARD is true, but ${JSON.stringify(FOLDER)} has no readable dashboard (${code}). Run "npm run dashboard" in the repository, or leave DASHBOARD out.`,
      { cause },
    );
  }
}
