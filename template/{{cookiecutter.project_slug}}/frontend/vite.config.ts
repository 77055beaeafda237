import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => {
  const backend = loadEnv(mode, ".", "BACKEND_")["BACKEND_URL"] ?? "http://127.0.0.1:8000";
  return {
    // One origin for page and API, as in production: no CORS, no address in the bundle.
    server: { proxy: { "/api": backend, "/health": backend } },
    // The polyfill is for browsers that Lit does not run on; assets as data: addresses would need a wider CSP.
    build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
    test: { environment: "happy-dom", include: ["src/**/*.test.ts"] },
  };
});
