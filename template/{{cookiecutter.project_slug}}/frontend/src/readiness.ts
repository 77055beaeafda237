/** What the API says of itself: ready, up without a service that it needs, or silent. */
export type Readiness =
  | { readonly state: "ok" }
  | { readonly state: "degraded"; readonly failed: readonly string[] }
  | { readonly state: "unreachable" };

const TIMEOUT_MS = 5_000;

/**
 * Ask the API, on the origin that served the page, whether it can do its work.
 * Never rejects: every way not to get an answer is "unreachable".
 */
export async function askReadiness(ask: typeof fetch = fetch): Promise<Readiness> {
  try {
    const response = await ask("/health/ready", {
      cache: "no-store",
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) {
      return { state: "ok" };
    }
    if (response.status === 503) {
      return { state: "degraded", failed: failedServices(await response.json()) };
    }
  } catch {
    // Refused, cut off, too slow, or not JSON: a proxy answers 503 of its own when the API is down.
  }
  return { state: "unreachable" };
}

/** The names of the services that the API could not reach. */
function failedServices(body: unknown): string[] {
  if (typeof body !== "object" || body === null || !("failed" in body) || !Array.isArray(body.failed)) {
    return [];
  }
  return body.failed.filter((service) => typeof service === "string");
}
