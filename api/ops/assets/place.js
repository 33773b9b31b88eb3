/** Where the operator is, kept in the address behind the #, which no server ever sees. */

/** Return the queue that is looked through, what is searched for, and the order that is open. */
export function place() {
  const said = new URLSearchParams(location.hash.slice(1));
  return { queue: said.get("queue") ?? "", q: said.get("q") ?? "", order: said.get("order") ?? "" };
}

/** Return the address of another place. */
export function addressOf(changes) {
  const next = Object.entries({ ...place(), ...changes }).filter(([, value]) => value);
  return `#${new URLSearchParams(next)}`;
}

export const go = (changes) => { location.hash = addressOf(changes); };
