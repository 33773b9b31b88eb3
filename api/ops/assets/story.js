/** The story of one order: where its money is, what can be done, and all that happened. */

import { ACTIONS } from "./actions.js";
import { ask } from "./asking.js";
import { status } from "./cases.js";
import { byId, el, elsewhere, fill } from "./dom.js";
import { ago, at, money, plain, whyOf, words } from "./format.js";
import { go } from "./place.js";

/** Show a story; `done` hears what came of an action. */
export function showStory(story, done) {
  const { case: seen } = story;
  fill(byId("story"), [
    el(
      "div", { class: "story-head" },
      el("h2", { id: "story-heading", tabindex: -1, "data-key": "story" }, money(seen.total_cents, seen.currency, seen.decimals), " ", status(seen.status)),
      el("button", { class: "close", "aria-label": "Close the story", "data-key": "close", onclick: () => go({ order: "" }) }, "×"),
    ),
    el("p", { class: "where" }, el("span", { class: "label" }, "Where is the money?"), seen.money),
    unattended(story),
    attention(seen),
    el("p", { class: "actions" }, ACTIONS.filter((action) => action.applies(story)).map((action) => el(
      "button",
      {
        class: action.isDue?.(story) ? "primary" : null,
        "data-key": `action-${action.name}`,
        title: action.meaning(story),
        onclick: () => ask(action, story, done),
      },
      action.name,
    ))),
    facts(story),
    el(
      "p", { class: "links" },
      elsewhere(seen.links.workflow, "Checkout in Temporal"),
      elsewhere(seen.links.workflows, "All its workflows"),
      seen.links.stripe ? elsewhere(seen.links.stripe, "Payment at Stripe") : null,
    ),
    ...part("What happened", story.history, entry),
    ...part("Payments", story.payments, (one) => line(one, [one.id, one.provider_ref, one.payment_intent], `captured ${money(one.captured_cents, one.currency, seen.decimals)}`)),
    ...part("Refunds", story.refunds, (one) => line(one, [one.id, one.stripe_id], plain(one.failure_reason ? `${one.reason}: ${one.failure_reason}` : one.reason))),
    ...part("Disputes", story.disputes, (one) => line(one, [one.id], words(one.reason))),
    ...part("Tickets", story.tickets, (one) => el("li", {}, el("code", {}, one.id), " ", words(one.status))),
  ]);

  function line(one, ids, more) {
    return el(
      "li", {},
      el("p", {}, el("strong", {}, money(one.amount_cents, one.currency, seen.decimals)), ` ${words(one.status)}, begun `, ago(one.created_at)),
      more ? el("p", { class: "more" }, more) : null,
      ids.filter(Boolean).map((id) => el("code", {}, id)),
    );
  }
}

function unattended({ unattended: gone }) {
  if (!gone) return null;
  const how = words(gone.status).toLowerCase();
  return el(
    "p", { class: "attention" },
    el("span", { class: "label" }, "Nobody waits for this payment"),
    "The workflow of its checkout is gone", gone.since ? [" since ", el("time", { datetime: gone.since }, at(gone.since))] : null,
    ` (${gone.reason ? `${how}: ${gone.reason}` : how}). Recheck asks Stripe, and waits on.`,
  );
}

function attention(seen) {
  if (!seen.needs_attention) return null;
  const why = seen.attention;
  return el(
    "p", { class: "attention" },
    el("span", { class: "label" }, "Needs attention", why ? [", ", ago(why.at)] : null),
    why ? whyOf(why) : "See what happened.",
    el("span", { class: "label" }, "When it is dealt with, press Resolved."),
  );
}

function facts({ case: seen, tickets }) {
  const { payment } = seen;
  const found = [
    ["Order", el("code", {}, seen.id)],
    ["Buyer", seen.user_id],
    ["Bought", seen.items.map((item) => `${item.quantity} × ${item.name}`).join(", ")],
    ["Tickets", countByStatus(tickets)],
    ["Ordered", at(seen.created_at)],
    ["Deadline", payment?.deadline ? el("span", {}, at(payment.deadline), ", ", ago(payment.deadline)) : null],
    ["Session", payment?.session_id ? el("code", {}, payment.session_id) : null],
    ["Payment intent", payment?.payment_intent ? el("code", {}, payment.payment_intent) : null],
    ["Dispute", seen.dispute ? words(seen.dispute) : null],
  ];
  return el("dl", {}, found.filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]).flat());
}

function countByStatus(tickets) {
  const statuses = [...new Set(tickets.map((ticket) => ticket.status))];
  return statuses.map((one) => `${tickets.filter((ticket) => ticket.status === one).length} ${one}`).join(", ");
}

/** Return a list with its heading, newest first. */
function part(name, entries, show) {
  return entries.length ? [el("h3", {}, name), el("ol", { class: "entries" }, [...entries].reverse().map(show))] : [];
}

function entry(happened) {
  return el(
    "li", {},
    el("p", {}, el("strong", {}, words(happened.action)), " by ", happened.actor, " ", ago(happened.at)),
    happened.reason ? el("p", { class: "more" }, plain(happened.reason)) : null,
    Object.values(happened.stripe_ids).map((id) => el("code", {}, String(id))),
  );
}
