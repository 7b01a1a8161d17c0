/* Passkeys: the browser's own dialogue. Without this script, or without passkeys in the browser, the form stays
   hidden and a code does the same. */
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) { return; }

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (char) { return char.charCodeAt(0); });
  }

  function text(buffer) {
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function decoded(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) { options.user.id = bytes(options.user.id); }
    (options.excludeCredentials || options.allowCredentials || []).forEach(function (one) {
      one.id = bytes(one.id);
    });
    return { publicKey: options };
  }

  function encoded(made) {
    var answer = made.response;
    var parts = { clientDataJSON: text(answer.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (answer[name]) { parts[name] = text(answer[name]); }
    });
    return JSON.stringify({
      id: made.id, rawId: text(made.rawId), type: made.type, response: parts,
      clientExtensionResults: made.getClientExtensionResults()
    });
  }

  function challenge(form) {
    var token = form.querySelector("[name=csrf_token]").value;
    return fetch(form.dataset.passkey, { method: "POST", headers: { "X-CSRFToken": token } })
      .then(function (answer) { return answer.ok && !answer.redirected ? answer.json() : null; })
      .catch(function () { return null; });
  }

  function answer(form, options) {
    return navigator.credentials[form.dataset.passkeyDo](decoded(options))
      .then(function (made) { form.querySelector("[name=answer]").value = encoded(made); });
  }

  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    var failed = document.querySelector("[data-passkey-failed]");
    form.hidden = false;
    form.querySelector("button").addEventListener("click", function (event) {
      event.preventDefault();
      failed.hidden = true;
      challenge(form)
        /* No challenge: the form goes without an answer, and the site says why or asks for a factor first. */
        .then(function (options) { return options && answer(form, options); })
        .then(function () { form.submit(); }, function () { failed.hidden = false; });
    });
  });
}());
