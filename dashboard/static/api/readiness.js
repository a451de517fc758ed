// Whether requests can be served, as the open operation tells everybody, and how long the answer took.

const PATIENCE_MS = 5000;

/**
 * `{ missing, took, at }`: what is missing by part (nothing where all is there), the answer's time in ms, and
 * when it came (Unix ms). `missing` is null where there was no answer that can be read.
 */
export async function askReadiness(signal) {
  const begun = performance.now();
  const missing = await answered(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
  signal.throwIfAborted();
  return { missing, took: performance.now() - begun, at: Date.now() };
}

async function answered(signal) {
  try {
    const response = await fetch("/readyz", { signal, credentials: "omit" });
    const told = await response.json();
    return response.ok || response.status === 503 ? told : null;
  } catch {
    return null;
  }
}
