/** What an operator can do about an order: when, what it means, and how it is sent. */

import { get, post, Problem } from "./api.js";
import { byId, el } from "./dom.js";
import { at, minorUnits, money, whyOf, words } from "./format.js";

const UNDER_WAY_OR_DONE = ["pending", "requires_action", "succeeded"];

export const ACTIONS = [
  {
    name: "Recheck",
    yes: "Ask Stripe",
    applies: ({ case: { status, payment } }) => status === "CREATED" && payment?.deadline,
    isDue: ({ case: { payment }, unattended }) => unattended || isPast(payment.deadline),
    meaning: ({ case: { payment } }) => isPast(payment.deadline)
      ? "The deadline has passed: Stripe closes the payment page, and what it then says decides. Paid: the order is PAID. Unpaid: it is CANCELLED, and the tickets go back on sale."
      : "Stripe is asked how the payment stands. If it was made, the order is PAID at once; as long as the page is open and unpaid, nothing changes.",
    send: async (story, said) => {
      const { stripe_says: word, status } = await act("recheck", story, said);
      return word ? `Stripe says ${word}. The order is ${status}.` : `Nothing is awaited. The order is ${status}.`;
    },
  },
  {
    name: "Extend",
    yes: "Extend the deadline",
    applies: ({ case: { payment } }) => payment?.extendable_until && !isPast(payment.deadline),
    meaning: ({ case: { payment } }) =>
      `The buyer gets more time to pay. The deadline is ${at(payment.deadline)} now; Stripe's page allows ${at(payment.extendable_until)} at the latest.`,
    fields: () => [
      el("label", { for: "minutes" }, "Minutes"),
      el("input", { id: "minutes", type: "number", min: 1, max: 1440, value: 15, required: true }),
    ],
    send: async (story, said) => {
      const { payment } = await act("extend", story, { ...said, minutes: byId("minutes").valueAsNumber });
      return `The deadline is ${at(payment.deadline)} now.`;
    },
  },
  {
    name: "Cancel",
    yes: "Cancel the order",
    applies: ({ case: { status } }) => status === "CREATED",
    meaning: () => "The payment page is closed at Stripe first. If the buyer was faster, the order is PAID; otherwise it is CANCELLED, and the tickets go back on sale.",
    send: async (story, said) => `The order is ${(await act("cancel", story, said)).status}.`,
  },
  {
    name: "Refund",
    yes: "Give the money back",
    applies: (story) => left(story) > 0 && !story.case.disputed,
    meaning: (story) => `${lastFailure(story)}Up to ${shown(story, left(story))} can go back to the card or account that paid, where it arrives within 5 to 10 business days. If the bank sends it back, the order needs attention again. When all has gone back, the tickets are void.`,
    fields: (story) => [
      el("label", { for: "amount" }, `Amount in ${story.case.currency.toUpperCase()}; left empty, all of it`),
      el("input", { id: "amount", inputmode: "decimal", placeholder: shown(story, left(story)), autocomplete: "off" }),
    ],
    send: refund,
  },
  {
    name: "Resolved",
    yes: "It is resolved",
    applies: ({ case: { needs_attention: needsIt } }) => needsIt,
    meaning: ({ case: { attention } }) => `You have dealt with what the order needed attention for${attention ? ` (${whyOf(attention)})` : ""}. It leaves the queue; what you write stays in its history.`,
    send: async (story, said) => {
      await act("resolve", story, said);
      return "The order needs no attention any more.";
    },
  },
];

/** Return what can still go back, in the minor unit. */
export function left({ payments, refunds }) {
  const captured = payments.reduce((sum, payment) => sum + payment.captured_cents, 0);
  const gone = refunds.filter((refund) => UNDER_WAY_OR_DONE.includes(refund.status));
  return captured - gone.reduce((sum, refund) => sum + refund.amount_cents, 0);
}

/** Return a sentence on the last refund where it failed: another one may fail just as well. */
function lastFailure({ refunds }) {
  const last = refunds.at(-1);
  if (last?.status !== "failed") return "";
  return `The last refund failed (${words(last.failure_reason ?? "no reason given")}): if this one does, too, pay the buyer another way. `;
}

const shown = ({ case: { currency, decimals } }, cents) => money(cents, currency, decimals);
const isPast = (iso) => new Date(iso) < new Date();

function act(action, { case: seen }, { key, ...said }) {
  const body = { ...said, expected_status: seen.status };
  return post(`ops/orders/${encodeURIComponent(seen.id)}/${action}`, body, key);
}

async function refund(story, { reason, key }) {
  const { id, decimals, updated_at: seenAt } = story.case;
  const typed = byId("amount").value;
  const amount = typed.trim() ? { amount_cents: minorUnits(typed, decimals) } : {};
  if (amount.amount_cents === null) throw new Problem(422, "invalid_request", `${typed} is no amount.`);
  const now = await get(`ops/orders/${encodeURIComponent(id)}`);
  if (now.case.updated_at !== seenAt) {
    throw new Problem(409, "state_changed", "The order has changed since you opened it: look again.");
  }
  const made = await post(`orders/${encodeURIComponent(id)}/refunds`, { reason, ...amount }, key);
  return `Refund of ${shown(story, made.amount_cents)}: ${words(made.status)}.`;
}
