/** The URL of a server by what it listens on. */
export function serverUrl(host: string, port: number): string {
  return `http://${hostInUrl(host)}:${port}`;
}

/** A host name or an IP address as it stands in a URL. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Whether a host, as it stands in a URL, is this machine whoever is asked. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/** Whether what is sent to this address can be read by everyone on the way. */
export function isInClear({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !isLoopback(hostname);
}

/** Where operations go. */
export const OPERATION_PATH = '/graphql';
export const HEALTH = '/health';
const READINESS = '/readiness';

/** Whether a request target asks how the process is; such a request is answered even while the process is leaving. */
export function isProbe(target = ''): boolean {
  const [path = ''] = target.split('?', 1);
  return path === HEALTH || path === READINESS;
}
