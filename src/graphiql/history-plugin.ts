/** Where GraphiQL chooses its plugins: its own history only if it is given none, and Yoga gives it the explorer. */
const CHOICE = /(\w+)===void 0\?\[(\w+)\]:\1,/g;

/** Has GraphiQL show its history and the explorer. The choice stands in Yoga's bundle, whose version is pinned. */
export function addHistory(html: string): string {
  const choices = html.match(CHOICE) ?? [];
  if (choices.length !== 1) throw new Error(`GraphiQL chooses its plugins in ${choices.length} places.`);
  return html.replace(CHOICE, '$1===void 0?[$2]:[$2,...$1],');
}
