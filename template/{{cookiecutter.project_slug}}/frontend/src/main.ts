import { ApiState } from "./api-state.js";

customElements.define("api-state", ApiState);
