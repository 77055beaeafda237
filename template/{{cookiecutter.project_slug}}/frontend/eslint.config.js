import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import { configs as lit } from "eslint-plugin-lit";
import tseslint from "typescript-eslint";

const TRUSTED_TYPES = "Strings do not become markup here: the page runs under Trusted Types. Use Lit templates.";

export default defineConfig(
  { ignores: ["coverage/", "dist/"] },
  js.configs.recommended,
  lit["flat/recommended"],
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // TypeScript's noPropertyAccessFromIndexSignature asks for the brackets.
      "@typescript-eslint/dot-notation": "off",
    },
  },
  {
    rules: {
      "no-eval": "error",
      "no-new-func": "error",
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["lit/directives/unsafe-*"], message: TRUSTED_TYPES },
            { group: ["lit/decorators*"], message: "Declare reactive properties in static properties." },
          ],
        },
      ],
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "write"].map((property) => ({
          property,
          message: TRUSTED_TYPES,
        })),
      ],
    },
  },
);
