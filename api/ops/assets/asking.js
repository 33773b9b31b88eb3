/** The dialog in which an operator says why, and sees when it is refused. */

import { newKey } from "./api.js";
import { byId } from "./dom.js";

let asked = null;

/** Ask for a reason; `done` is called with a sentence when the action is done, else with null. */
export function ask(action, story, done) {
  asked = { action, story, done, key: "", said: null };
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
  const reason = byId("reason").value.trim();
  if (!reason) {
    byId("ask-problem").textContent = "A reason is needed.";
    return;
  }
  byId("ask-yes").disabled = true;
  byId("ask-problem").textContent = "";
  try {
    const sentence = await action.send(story, { reason, key: keyOf(asked) });
    byId("ask").close();
    done(sentence);
  } catch (problem) {
    if (problem.status && problem.status < 500) asked.said = null; // answered: the next try is another
    byId("ask-problem").textContent = problem.message;
    byId("ask-yes").disabled = problem.code === "state_changed"; // what was seen is no more
    done(null);
  }
}

/** Return the key under which it is sent: the same until it is answered, or says something else. */
function keyOf(asked) {
  const said = Array.from(byId("ask-form").elements, ({ value }) => value).join("\n");
  if (said !== asked.said) asked.key = newKey();
  asked.said = said;
  return asked.key;
}
