// Runs in: worker
/**
 * Burns a core, in slices short enough for `terminate()` to be heard.
 *
 * @module
 */
function burn(): void {
  const end = performance.now() + 20;
  while (performance.now() < end);
  setTimeout(burn, 0);
}
burn();
