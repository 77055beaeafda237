import { describe, expect, it } from "vitest";

import { askReadiness } from "./readiness.js";

function answering(status: number, body: string): typeof fetch {
  return () => Promise.resolve(new Response(body, { status }));
}

describe("askReadiness", () => {
  it("asks the origin that served the page", async () => {
    const asked: unknown[] = [];
    await askReadiness((url) => {
      asked.push(url);
      return Promise.resolve(new Response("{}"));
    });
    expect(asked).toEqual(["/health/ready"]);
  });

  it("is ok when the API is ready", async () => {
    expect(await askReadiness(answering(200, "{}"))).toEqual({ state: "ok" });
  });

  it("names the services that the API cannot reach", async () => {
    const body = JSON.stringify({ status: "unavailable", failed: ["cache"] });
    expect(await askReadiness(answering(503, body))).toEqual({ state: "degraded", failed: ["cache"] });
  });

  it.each(["{}", "[]", "null", '{"failed": 1}', '{"failed": [1]}'])("survives the 503 body %s", async (body) => {
    expect(await askReadiness(answering(503, body))).toEqual({ state: "degraded", failed: [] });
  });

  it("is unreachable when a proxy answers in the API's place", async () => {
    expect(await askReadiness(answering(503, "<h1>Service Unavailable</h1>"))).toEqual({ state: "unreachable" });
    expect(await askReadiness(answering(404, "{}"))).toEqual({ state: "unreachable" });
  });

  it("is unreachable when nothing answers", async () => {
    expect(await askReadiness(() => Promise.reject(new TypeError("refused")))).toEqual({ state: "unreachable" });
  });
});
