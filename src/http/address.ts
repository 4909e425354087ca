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
export const HEALTH = '/health';
const READINESS = '/readiness';

/** Whether a request target is a health probe. Probes are answered even while the process stops. */
export function isProbe(target = ''): boolean {
  const [path = ''] = target.split('?', 1);
  return path === HEALTH || path === READINESS;
}
