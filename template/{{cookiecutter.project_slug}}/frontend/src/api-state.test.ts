import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { ApiState } from "./api-state.js";

customElements.define("api-state", ApiState);

function status(element: ApiState): HTMLElement {
  const found = element.shadowRoot?.querySelector<HTMLElement>("[role=status]");
  if (!found) {
    throw new Error("the element has no status region");
  }
  return found;
}

async function shown(answer: () => Promise<Response>): Promise<HTMLElement> {
  vi.stubGlobal("fetch", answer);
  const element = new ApiState();
  document.body.append(element);
  await vi.advanceTimersByTimeAsync(0);
  await element.updateComplete;
  return status(element);
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("says that it waits until the API has answered", async () => {
  const region = await shown(() => new Promise(() => undefined));
  expect(region.textContent).toBe("Asking the API for its state.");
});

it("says that the API is ready", async () => {
  const region = await shown(() => Promise.resolve(new Response("{}")));
  expect(region.textContent).toBe("The API is ready.");
  expect(region.className).toBe("ok");
});

it("names what the API cannot reach", async () => {
  const body = JSON.stringify({ failed: ["database", "cache"] });
  const region = await shown(() => Promise.resolve(new Response(body, { status: 503 })));
  expect(region.textContent).toBe("The API is up, but cannot reach: database, cache.");
});

it("says that the API cannot be reached", async () => {
  const region = await shown(() => Promise.reject(new TypeError("refused")));
  expect(region.textContent).toBe("The API cannot be reached.");
});

it("announces changes to screen readers without interrupting them", async () => {
  const region = await shown(() => Promise.resolve(new Response("{}")));
  expect(region.getAttribute("aria-live")).toBe("polite");
});

it("asks again, and stops when it leaves the page", async () => {
  const answer = vi.fn(() => Promise.resolve(new Response("{}")));
  await shown(answer);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(answer).toHaveBeenCalledTimes(2);
  document.body.replaceChildren();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(answer).toHaveBeenCalledTimes(2);
});
