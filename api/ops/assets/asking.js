/** The dialog in which an operator says why, and sees when it is refused. */

import { newKey } from "./api.js";
import { byId } from "./dom.js";

const unanswered = new Map(); // what was sent, to its key: the same again is the same request
let asked = null;

/** Ask for a reason; `done` is called with a sentence when the action is done, else with null. */
export function ask(action, story, done) {
  asked = { action, story, done };
  byId("ask-heading").textContent = `${action.name}: ${story.case.id}`;
  byId("ask-meaning").textContent = action.meaning(story);
  byId("ask-fields").replaceChildren(...(action.fields?.(story) ?? []));
  byId("ask-yes").textContent = action.yes;
  byId("ask-yes").disabled = false;
  byId("ask-problem").textContent = "";
  byId("reason").value = "";
  byId("said").textContent = ""; // of what was done before
  byId("ask").showModal();
  (byId("ask-fields").querySelector("input") ?? byId("reason")).focus();
}

/** Make the dialog work; called once. */
export function prepareAsking() {
  byId("ask-no").addEventListener("click", () => byId("ask").close());
  byId("ask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}

async function send() {
  const { action, story, done } = asked;
  const said = whatIsAsked();
  const reason = byId("reason").value.trim();
  if (!reason) {
    byId("ask-problem").textContent = "A reason is needed.";
    return;
  }
  byId("ask-yes").disabled = true;
  byId("ask-problem").textContent = "";
  try {
    const sentence = await action.send(story, { reason, key: keyOf(said) });
    unanswered.delete(said);
    byId("ask").close();
    done(sentence);
  } catch (problem) {
    if (isAnswer(problem)) unanswered.delete(said); // the next try is another
    byId("ask-problem").textContent = problem.message;
    byId("ask-yes").disabled = problem.code === "state_changed"; // what was seen is no more
    done(null);
  }
}

/** Say whether it is decided what became of a request; else it may still be carried out. */
const isAnswer = ({ status, code }) => status && status < 500 && code !== "idempotency_key_in_use";

/** Return what an operator asks for: the action, the order, and all that the form says. */
function whatIsAsked() {
  const fields = Array.from(byId("ask-form").elements, ({ value }) => value);
  return [byId("ask-heading").textContent, ...fields].join("\n");
}

/** Return the key under which it is sent: the same until it is answered. */
function keyOf(said) {
  if (!unanswered.has(said)) unanswered.set(said, newKey());
  return unanswered.get(said);
}
