// Keeps the page up to date: asks every second for the same page, and puts in what differs. Focus and frames stay.
const SECOND = 1000;
let tag = null;

async function refresh() {
  const headers = tag === null ? {} : { "If-None-Match": tag };
  const answer = await fetch(location.href, { headers, cache: "no-store" });
  if (answer.status !== 200) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  tag = answer.headers.get("ETag");
  const focused = document.activeElement?.id;
  for (const id of ["sections", "rows"]) replace(document.getElementById(id), next.getElementById(id));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// A part that is as it was is left alone: a frame would be loaded again, and a selection lost.
function replace(now, next) {
  if (now.isEqualNode(next)) return;
  if (now.children.length !== next.children.length || now.matches("table, section, p, ul, pre")) {
    now.replaceWith(next);
    return;
  }
  const others = [...next.children]; // those that are put in leave it
  [...now.children].forEach((child, number) => replace(child, others[number]));
}

async function live() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    // The sandbox has ended, or is about to be started again.
  }
  setTimeout(live, SECOND);
}

const reset = document.getElementById("reset");
reset.hidden = false;
reset.addEventListener("click", async () => {
  if (!confirm("Take away all that came in since the sandbox was started?")) return;
  await fetch("/sandbox/reset", { method: "POST" });
  await refresh();
});

const told = document.getElementById("live");
told.textContent = told.dataset.live;
live();
