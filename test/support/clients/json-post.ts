/** What fetch takes to POST a query, or any other body, as JSON. */
export const jsonPost = (body: string | object, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(typeof body === 'string' ? { query: body } : body),
});
