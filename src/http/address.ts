export function serverUrl(host: string, port: number): string {
  return `http://${hostInUrl(host)}:${port}`;
}

/** A host name or an IP address in the form that URLs need. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Whether a URL's host always means this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/** Whether everybody in between can read what is sent to this URL. */
export function isInClear({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !isLoopback(hostname);
}

export const OPERATION_PATH = '/graphql';

/** Turns the path of a request into the gateway's own path, which is empty for a path that is not the gateway's. */
export type OwnPath = (pathname: string) => string;

/** @param path - where operations arrive, such as `/api/graphql`: then `/api/health` is a probe, and so is `/health` */
export function createOwnPath(path = OPERATION_PATH): OwnPath {
  const above = path.slice(0, -OPERATION_PATH.length);
  if (above === '') return (pathname) => pathname;
  return (pathname) => {
    if (pathname.startsWith(`${above}/`)) return pathname.slice(above.length);
    return isProbe(pathname) ? pathname : '';
  };
}

/** The URL of a request by `fetch`, which may be relative. */
export function urlOf({ url }: Request): URL {
  return new URL(url, 'http://localhost');
}

export const HEALTH = '/health';
const READINESS = '/readiness';

/** Whether a request is a GET or a HEAD, which node:http answers like a GET without the body. */
export function isGet(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Whether a request target is a health probe. Probes are answered even while the process stops. */
export function isProbe(target = ''): boolean {
  const [path = ''] = target.split('?', 1);
  return path === HEALTH || path === READINESS;
}
