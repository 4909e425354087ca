/** Calls back once with the first element below the root that matches, when there is one. */
export function whenShown(root: Element, selector: string, callback: (found: Element) => void): void {
  const look = () => {
    const found = root.querySelector(selector);
    if (!found) return;
    observer.disconnect();
    callback(found);
  };
  const observer = new MutationObserver(look);
  observer.observe(root, { childList: true, subtree: true });
  look();
}
