/** The process cannot start as it is configured. The message says what to do. */
export class StartError extends Error {
  override name = 'StartError' as const;
}
