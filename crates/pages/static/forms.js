// Sends a form once however often its button is pressed, and lets a typed password be seen.
// Every form works without this file.
(function () {
  "use strict";

  var sent = false;

  document.addEventListener("submit", function (event) {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    // Not `disabled`: that would take the focus away and leave the button out of the form.
    var button = event.target.querySelector("button[type=submit]");
    if (button) {
      button.setAttribute("aria-disabled", "true");
    }
  });

  // A page that comes back with the browser's "back" can be used again.
  window.addEventListener("pageshow", function () {
    sent = false;
    document.querySelectorAll("[aria-disabled]").forEach(function (button) {
      button.removeAttribute("aria-disabled");
    });
  });

  var password = document.querySelector("input[type=password]");
  if (!password) {
    return;
  }
  var field = document.createElement("div");
  field.className = "dex-reveal";
  password.parentNode.insertBefore(field, password);
  var hadFocus = document.activeElement === password;
  field.appendChild(password);
  if (hadFocus) {
    password.focus();
  }

  var toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "dex-reveal__toggle";
  toggle.textContent = "Show";
  toggle.setAttribute("aria-label", "Show password");
  toggle.setAttribute("aria-pressed", "false");
  toggle.addEventListener("click", function () {
    var shown = password.type === "text";
    password.type = shown ? "password" : "text";
    toggle.textContent = shown ? "Show" : "Hide";
    toggle.setAttribute("aria-pressed", String(!shown));
  });
  field.appendChild(toggle);
  password.form.addEventListener("submit", function () {
    // So that browsers do not remember it as plain text.
    password.type = "password";
  });
})();
