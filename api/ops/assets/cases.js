/** The table: one row an order. */

import { byId, el, fill } from "./dom.js";
import { ago, money, whyOf, words } from "./format.js";
import { addressOf, go, place } from "./place.js";
import { nothing } from "./queues.js";

/** Show the orders of a page. */
export function showCases(cases) {
  fill(byId("cases"), cases.map(row));
  byId("nothing").hidden = cases.length > 0;
  byId("nothing").textContent = nothing();
  document.querySelector("table").hidden = cases.length === 0;
}

/** Return a pill with an order's status. */
export const status = (name) => el("span", { class: `status ${name}` }, name);

function row(found) {
  const isOpen = place().order === found.id;
  return el(
    "tr",
    { class: isOpen ? "open" : null, onclick: () => String(getSelection()) || go({ order: found.id }) },
    el(
      "td", { class: "name" },
      el(
        "a",
        {
          href: addressOf({ order: found.id }),
          title: found.id,
          "aria-label": found.id,
          "aria-current": isOpen ? "true" : null,
          "data-key": `order-${found.id}`,
        },
        `…${found.id.slice(-12)}`,
      ),
      el("span", { class: "buyer" }, found.user_id),
    ),
    el("td", { class: "amount" }, money(found.total_cents, found.currency, found.decimals)),
    el("td", {}, status(found.status)),
    el(
      "td", { class: "money" },
      found.money,
      found.attention ? el("span", { class: "why" }, whyOf(found.attention)) : null,
      found.dispute ? el("span", { class: "why" }, `Dispute: ${words(found.dispute)}`) : null,
    ),
    el("td", { class: "time" }, ...time(found)),
  );
}

function time(found) {
  const deadline = found.payment?.deadline;
  return deadline ? ["deadline ", ago(deadline)] : [ago(found.created_at)];
}
