/** The API, called with the operator's token. */

import { token } from "./session.js";

const SILENT_AFTER_MS = 20000; // an action answers within ten seconds, if only that it goes on

/** An answer that says no; `message` is the problem's detail (RFC 9457). */
export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

export const get = (path, search = {}) => call("GET", `${path}?${new URLSearchParams(search)}`);

/** Send something; the same key never does it twice. */
export const post = (path, body, key) =>
  call("POST", path, { body: JSON.stringify(body), key });

/** Return a fresh Idempotency-Key. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function call(method, path, { body, key } = {}) {
  const headers = { Authorization: `Bearer ${token()}` };
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let answer;
  try {
    const signal = AbortSignal.timeout(SILENT_AFTER_MS);
    answer = await fetch(path, { method, body, headers, signal, cache: "no-store", credentials: "omit" });
  } catch {
    throw new Problem(0, "unreachable", "The API cannot be reached at the moment.");
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok) return said;
  throw new Problem(answer.status, said?.code ?? "", said?.detail ?? `The API answered ${answer.status}.`);
}
