import { LitElement, css, html, type PropertyDeclarations } from "lit";

import { askReadiness, type Readiness } from "./readiness.js";

const PAUSE_MS = 15_000;

type State = Readiness | { readonly state: "loading" };

/** Shows the API's state and asks again while it is on the page. Screen readers hear every change. */
export class ApiState extends LitElement {
  static override readonly properties: PropertyDeclarations = { current: { state: true } };

  static override readonly styles = css`
    p {
      border-inline-start: 0.5rem solid GrayText;
      padding-inline-start: 1rem;
    }

    .ok {
      border-color: #1f6f54;
    }

    .degraded {
      border-color: #a65f00;
    }

    .unreachable {
      border-color: #b3261e;
    }
  `;

  declare private current: State;

  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.current = { state: "loading" };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.refresh();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  protected override render() {
    return html`<p role="status" aria-live="polite" class=${this.current.state}>${describe(this.current)}</p>`;
  }

  private async refresh(): Promise<void> {
    this.current = await askReadiness();
    if (this.isConnected) {
      this.timer = setTimeout(() => void this.refresh(), PAUSE_MS);
    }
  }
}

function describe(current: State): string {
  switch (current.state) {
    case "loading":
      return "Asking the API for its state.";
    case "ok":
      return "The API is ready.";
    case "degraded":
      return current.failed.length > 0
        ? `The API is up, but cannot reach: ${current.failed.join(", ")}.`
        : "The API is up, but not ready.";
    case "unreachable":
      return "The API cannot be reached.";
  }
}
