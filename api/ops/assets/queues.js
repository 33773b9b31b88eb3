/** The queues: what waits for an operator, and how much of it. */

import { byId, el, fill } from "./dom.js";
import { addressOf, place } from "./place.js";

const QUEUES = {
  "": ["All orders", "Every order, newest first.", "There is no order yet."],
  in_flight: ["In flight", "A payment is awaited. These end by themselves; where a buyer says that he has paid, Recheck asks Stripe at once.", "No payment is awaited at the moment."],
  stuck: [
    "Stuck",
    "The deadline has passed, or Stripe was never heard. Open one and press Recheck: Stripe is asked, and what it says decides.",
    "Nothing is stuck.",
  ],
  needs_attention: [
    "Needs attention",
    "Something that no rule can decide. Read why, set it right, then press Resolved.",
    "Nothing needs a person.",
  ],
  drift: [
    "Drift",
    "In the last seven days Stripe, the orders and the workflows disagreed here, and the reconciler mended it.",
    "The reconciler has found nothing in the last seven days.",
  ],
  refunds_pending: ["Refunds pending", "Money is on its way back to the buyer.", "No refund is on its way."],
  disputes: ["Disputes", "The buyer's bank asks for the money. Answer in Stripe's dashboard.", "No dispute is undecided."],
};
const URGENT = ["stuck", "needs_attention", "disputes"];

/** Show the queues with their lengths. */
export function showQueues(lengths) {
  fill(byId("queues"), Object.entries(QUEUES).map(([queue, [name]]) => {
    const length = lengths[queue];
    const isUrgent = length > 0 && URGENT.includes(queue);
    return el("li", {}, el(
      "a",
      {
        href: addressOf({ queue, q: "", order: "" }),
        "aria-current": !place().q && place().queue === queue ? "page" : null,
        "data-key": `queue-${queue}`,
      },
      name,
      length === undefined ? null : el("span", { class: isUrgent ? "count urgent" : "count" }, String(length)),
    ));
  }));
}

/** Say what is being looked through. */
export function showHeading() {
  const { queue, q } = place();
  const [name, meaning] = QUEUES[queue] ?? QUEUES[""];
  byId("heading").textContent = q ? `Search: ${q}` : name;
  byId("meaning").textContent = q ? "Orders with this id, or whose id or user begins with it, in capitals and small letters as it stands there." : meaning;
}

/** Return what to say where there is nothing to show. */
export function nothing() {
  const { queue, q } = place();
  return q ? "Nothing has this id, and no order or user begins with it." : (QUEUES[queue] ?? QUEUES[""])[2];
}
