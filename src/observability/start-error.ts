/** The process cannot start with this configuration. The message says what to do. */
export class StartError extends Error {
  override name = 'StartError' as const;
}
