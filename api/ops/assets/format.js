/** Amounts and times as people read them. */

import { el } from "./dom.js";

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** Return an amount of the minor unit, such as "45.00 EUR"; no float comes near it. */
export function money(cents, currency, decimals) {
  const digits = String(cents).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = decimals ? `.${digits.slice(-decimals)}` : "";
  return `${grouped}${fraction} ${currency.toUpperCase()}`;
}

/** Return the minor units of an amount that a person typed; null when it is none. */
export function minorUnits(typed, decimals) {
  const found = typed.trim().match(/^(\d+)(?:[.,](\d+))?$/);
  if (!found || (found[2] ?? "").length > decimals) return null;
  return Number(found[1] + (found[2] ?? "").padEnd(decimals, "0"));
}

/** Return an element with a time that says how long ago it was, or how soon it will be. */
export function ago(iso) {
  return el("time", { datetime: iso, title: at(iso), "data-relative": true }, howLong(iso));
}

/** Return a time in the reader's own zone. */
export function at(iso) {
  return new Date(iso).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

/** Let the relative times that are shown go on. */
export function tick() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    time.textContent = howLong(time.dateTime);
  }
}

/** Return a word of the API's as one of ours: "needs_attention" is "needs attention". */
export const words = (name) => name.replaceAll("_", " ");

/** Return a sentence with Stripe's codes in it, such as "expired_or_canceled_card", as words. */
export const plain = (sentence) => sentence.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, words);

/** Return why an order needs attention. */
export function whyOf({ action, reason }) {
  if (action === "needs_attention" && reason) return plain(reason);
  return reason ? `${words(action)}: ${plain(reason)}` : words(action);
}

function howLong(iso) {
  const seconds = Math.round((new Date(iso) - Date.now()) / 1000);
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return relative.format(Math.trunc(seconds / length), unit);
}
