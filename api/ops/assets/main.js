/** The operators' page: signing in, looking, and looking again every few seconds. */

import { get } from "./api.js";
import { prepareAsking } from "./asking.js";
import { showCases } from "./cases.js";
import { byId } from "./dom.js";
import { at, tick } from "./format.js";
import { go, place } from "./place.js";
import { showHeading, showQueues } from "./queues.js";
import { forget, keep, token, userOf } from "./session.js";
import { showStory } from "./story.js";

const LOOK_EVERY_MS = 5000;
const ROWS = 50;

let after = ""; // the order behind which this page of the table begins
let shown = {}; // what each part shows, so that only what has changed is drawn anew
let looks = 0; // a look that was overtaken by another shows nothing
let isSeeking = false; // a search that finds one order opens it
let timer = null;

function start() {
  prepareAsking();
  byId("token-form").addEventListener("submit", signIn);
  byId("sign-out").addEventListener("click", () => signOut(""));
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    isSeeking = true;
    go({ q: byId("q").value.trim(), order: "" });
    move(); // at once, so that a look under way does not end the search
  });
  byId("older").addEventListener("click", () => turnTo(shown.last));
  byId("newest").addEventListener("click", () => turnTo(""));
  addEventListener("hashchange", move);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && place().order && !byId("ask").open) go({ order: "" });
  });
  document.addEventListener("visibilitychange", () => document.hidden || look());
  setInterval(tick, 1000);
  enter();
}

function enter() {
  const isSignedIn = Boolean(token());
  byId("sign-in").hidden = isSignedIn;
  byId("desk").hidden = !isSignedIn;
  if (!isSignedIn) return byId("token").focus();
  byId("who").textContent = userOf(token());
  return move();
}

async function signIn(event) {
  event.preventDefault();
  keep(byId("token").value.trim());
  try {
    await get("ops/summary");
    byId("token").value = "";
    byId("token-problem").textContent = "";
    enter();
  } catch (problem) {
    forget();
    byId("token-problem").textContent = problem.message;
  }
}

function signOut(why) {
  forget();
  clearTimeout(timer);
  looks += 1;
  shown = {};
  for (const id of ["queues", "cases", "story", "who"]) byId(id).replaceChildren();
  if (byId("ask").open) byId("ask").close();
  byId("token-problem").textContent = why;
  enter();
}

/** The address has changed: another queue, another search, another order. */
function move() {
  if (!token()) return;
  const { queue, q, order } = place();
  if (shown.of !== `${queue} ${q}`) {
    after = "";
    byId("cases").replaceChildren(); // their links lead to where they were shown
    byId("nothing").hidden = true;
  }
  if (shown.order !== order) {
    byId("story").hidden = true;
    if (!order) document.querySelector(`[data-key="order-${CSS.escape(shown.order ?? "")}"]`)?.focus();
  }
  shown = { ...shown, of: `${queue} ${q}`, order, cases: null, story: null };
  byId("q").value = q;
  showHeading();
  look();
}

function turnTo(order) {
  after = order;
  look();
}

async function look() {
  clearTimeout(timer);
  looks += 1;
  const mine = looks;
  try {
    const found = await Promise.all([get("ops/summary"), page(), story()]);
    if (mine !== looks) return;
    draw(...found);
    byId("trouble").hidden = true;
    shown.at = new Date().toISOString();
  } catch (problem) {
    if (mine !== looks) return;
    if (problem.status === 401 || problem.status === 403) return signOut(problem.message);
    byId("trouble").hidden = false;
    byId("trouble").textContent = shown.at ? `${problem.message} What you see is of ${at(shown.at)}.` : problem.message;
  }
  if (!document.hidden) timer = setTimeout(look, LOOK_EVERY_MS);
}

function page() {
  const { queue, q } = place();
  const search = Object.entries({ queue: q ? "" : queue, q, starting_after: after, limit: ROWS });
  return get("ops/orders", search.filter(([, value]) => value));
}

async function story() {
  const { order } = place();
  if (!order) return null;
  try {
    return await get(`ops/orders/${encodeURIComponent(order)}`);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

function draw(lengths, page, story) {
  const once = (part, value, show) => {
    const text = JSON.stringify(value);
    if (shown[part] === text) return;
    shown[part] = text;
    show(value);
  };
  once("lengths", [lengths, shown.of], ([value]) => showQueues(value));
  once("cases", page.data, showCases);
  byId("newest").hidden = !after;
  byId("older").hidden = !page.has_more;
  shown.last = page.data.at(-1)?.id ?? "";
  once("story", story, drawStory);
  if (isSeeking && page.data.length === 1) go({ order: page.data[0].id });
  isSeeking = false;
}

function drawStory(story) {
  const wasHidden = byId("story").hidden;
  byId("story").hidden = !story;
  if (!story) return;
  showStory(story, heard);
  if (wasHidden) byId("story-heading").focus();
}

function heard(sentence) {
  if (sentence) {
    byId("said").textContent = sentence;
    setTimeout(() => { if (byId("said").textContent === sentence) byId("said").textContent = ""; }, 8000);
  }
  look();
}

start();
