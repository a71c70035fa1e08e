// What the pages cannot do without script: copy, wait for the device flow, hear of a logout. All work without it, slower.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!navigator.clipboard || !source) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  });
}

const waiting = document.querySelector("[data-poll]");
if (waiting) {
  const pause = Math.max(1, Number(waiting.dataset.poll)) * 1000;
  const poll = async () => {
    let again = true;
    try {
      const response = await fetch("/device/poll", { method: "POST" });
      const answer = await response.json();
      if (answer.status === "complete") {
        location.assign("/device/result");
        return;
      }
      again = answer.status === "pending";
      if (!again) waiting.textContent = `${answer.error}: ${answer.error_description}`;
    } catch {
      // This application is away for a moment: ask again.
    }
    if (again) setTimeout(poll, pause);
  };
  setTimeout(poll, pause);
}

if (document.body.hasAttribute("data-events") && "EventSource" in window) {
  // A browser allows few connections to one host: a page in the background must not hold one.
  let events = null;
  const listen = () => {
    if (document.hidden) {
      events?.close();
      events = null;
    } else if (!events) {
      events = new EventSource("/events");
      events.addEventListener("backchannel-logout", () => location.assign("/"));
    }
  };
  document.addEventListener("visibilitychange", listen);
  listen();
}
