// Asks the browser for a security key: registers one, or proves that the user holds it.
// Speaks to <issuer>/mfa/webauthn/{register,login}/{begin,finish}; all binary values are base64url.
(function () {
  "use strict";

  var panel = document.getElementById("webauthn");
  var errorBox = document.getElementById("webauthn-error");
  var working = document.getElementById("webauthn-working");
  var button = document.getElementById("webauthn-btn");
  var step = panel.dataset.mode === "register" ? "register" : "login";

  var FAILED = { register: "The security key could not be registered.", login: "The security key was not accepted." };

  function toBytes(base64url) {
    var base64 = base64url.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(base64), function (c) { return c.charCodeAt(0); });
  }

  function toBase64url(buffer) {
    var binary = Array.from(new Uint8Array(buffer), function (byte) { return String.fromCharCode(byte); }).join("");
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function show(element) {
    [errorBox, working, button].forEach(function (other) { other.hidden = other !== element; });
  }

  function fail(message) {
    show(button);
    errorBox.hidden = false;
    errorBox.textContent = message;
  }

  // Both halves of the ceremony carry the step's signature, which only the page's query holds.
  function call(half, body) {
    var base = window.location.pathname.replace(/\/mfa\/webauthn$/, "");
    var query = new URLSearchParams();
    var given = new URLSearchParams(window.location.search);
    ["req", "hmac", "authenticator"].forEach(function (name) { query.set(name, given.get(name) || ""); });
    var url = base + "/mfa/webauthn/" + step + "/" + half + "?" + query.toString();
    var request = { method: "POST", credentials: "same-origin" };
    if (body) {
      request.headers = { "Content-Type": "application/json" };
      request.body = JSON.stringify(body);
    }
    return fetch(url, request).then(function (response) {
      return response.json().catch(function () { return {}; }).then(function (answer) {
        if (response.ok) {
          return answer;
        }
        throw new Error(answer.error || FAILED[step] + " (status " + response.status + ")");
      });
    });
  }

  function prepared(options) {
    var key = options.publicKey;
    key.challenge = toBytes(key.challenge);
    if (key.user) {
      key.user.id = toBytes(key.user.id);
    }
    [].concat(key.excludeCredentials || [], key.allowCredentials || []).forEach(function (credential) {
      credential.id = toBytes(credential.id);
    });
    return options;
  }

  function answerOf(credential) {
    var given = credential.response;
    var response = { clientDataJSON: toBase64url(given.clientDataJSON) };
    if (step === "register") {
      response.attestationObject = toBase64url(given.attestationObject);
      response.transports = given.getTransports ? given.getTransports() : [];
    } else {
      response.authenticatorData = toBase64url(given.authenticatorData);
      response.signature = toBase64url(given.signature);
      response.userHandle = given.userHandle ? toBase64url(given.userHandle) : "";
    }
    return { id: credential.id, rawId: toBase64url(credential.rawId), type: credential.type, response: response };
  }

  function explain(error) {
    switch (error.name) {
      case "NotAllowedError": return "Request was cancelled or timed out. Please try again.";
      case "SecurityError": return "Security key operation not allowed on this domain.";
      case "InvalidStateError": return "This security key is already registered.";
      case "TypeError": return "The server could not be reached. Please try again.";
      default: return error.message || FAILED[step];
    }
  }

  function start() {
    show(working);
    call("begin")
      .then(function (options) {
        var ask = step === "register" ? "create" : "get";
        return navigator.credentials[ask](prepared(options));
      })
      .then(function (credential) { return call("finish", answerOf(credential)); })
      .then(function (result) {
        if (result.redirect) {
          window.location.assign(result.redirect);
        }
      })
      .catch(function (error) { fail(explain(error)); });
  }

  if (!window.PublicKeyCredential) {
    fail("This browser cannot use security keys, or the page was not opened over https.");
    button.hidden = true;
    return;
  }
  button.hidden = false;
  button.addEventListener("click", start);
  // Whoever has a key expects to be asked for it; a first key is registered after a click.
  if (step === "login") {
    start();
  }
})();
