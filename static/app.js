/* Small helps on top of pages that work without them: the give button says the amount, the fee follows the
   choice, a form is sent once, an error summary takes the focus, a change of state is read aloud. */
(function () {
  "use strict";

  /* Same shape as the server reads: digits, at most two decimals. Whole fen, or null. */
  function fenOf(text) {
    var plain = text.normalize("NFKC").trim();
    var match = /^(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,2}))?$/.exec(plain);
    if (!match) { return null; }
    return Number(match[1]) * 100 + Number(((match[2] || "") + "00").slice(0, 2));
  }

  function yuan(fen) {
    var whole = String(Math.floor(fen / 100)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    return "¥" + whole + "." + String(fen % 100).padStart(2, "0");
  }

  function giveForm(form) {
    var own = form.querySelector("[name=amount]");
    var radios = Array.from(form.querySelectorAll("[name=amount_choice]"));
    var button = form.querySelector("[data-give-label]");
    var fee = form.querySelector("[data-fee]");
    if (!own || !radios.length) { return; }
    var plainLabel = button ? button.textContent : "";

    function update() {
      var chosen = radios.find(function (radio) { return radio.checked; });
      var isOwn = !chosen || chosen.value === "own";
      var fen = isOwn ? fenOf(own.value) : fenOf(chosen.value);
      if (button) {
        button.textContent = fen ? button.dataset.giveLabel.replace("{amount}", yuan(fen)) : plainLabel;
      }
      if (fee) {
        var known = chosen && !isOwn ? chosen.dataset.feeFen : undefined;
        var permyriad = fee.dataset.feePermyriad;
        if (known === undefined && fen && permyriad !== undefined) {
          /* The server's rule, rounded half up in whole fen (FeeRule.of). */
          known = Math.floor((fen * Number(permyriad) + 5000) / 10000) + Number(fee.dataset.feeFixedFen || 0);
          known = Math.max(known, Number(fee.dataset.feeLeastFen || 0));
        }
        fee.hidden = known === undefined || !fen;
        if (!fee.hidden) { fee.textContent = fee.dataset.fee.replace("{fee}", yuan(Number(known))); }
      }
    }

    /* Typing an amount of one's own is choosing it; also what was typed before this script came. */
    function typed() {
      var ownRadio = radios.find(function (radio) { return radio.value === "own"; });
      if (ownRadio && own.value) { ownRadio.checked = true; }
      update();
    }
    own.addEventListener("input", typed);
    /* Choosing a given amount takes the typed one back: two amounts in one form are refused. */
    radios.forEach(function (radio) {
      radio.addEventListener("change", function () {
        if (radio.checked && radio.value !== "own") { own.value = ""; }
        update();
      });
    });
    typed();
  }

  function sendOnce(form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      var pressed = event.submitter;
      /* Not `disabled`: the pressed button's name and value must still be sent. */
      if (pressed && pressed.dataset.busy) {
        pressed.setAttribute("aria-disabled", "true");
        pressed.textContent = pressed.dataset.busy;
      }
    });
  }

  /* A proof of work, asked when many tries are not paid: the number whose hash is the challenge (SHA-256 of
     salt and number). Solved here, in pieces, so that the page stays usable; then the form sends itself. */
  async function solve(box) {
    var asked = JSON.parse(box.dataset.challenge);
    var form = box.closest("form");
    var text = new TextEncoder();
    if (!window.crypto || !window.crypto.subtle) { return; }
    for (var number = 0; number <= asked.maxnumber; number += 1) {
      var digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text.encode(asked.salt + number)));
      var hex = Array.from(digest, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
      if (hex === asked.challenge) {
        form.querySelector("[name=solution]").value = btoa(JSON.stringify({
          algorithm: asked.algorithm, challenge: asked.challenge, number: number, salt: asked.salt,
          signature: asked.signature
        }));
        form.requestSubmit(form.querySelector("[name=action][value=give]") || undefined);
        return;
      }
    }
  }

  document.querySelectorAll("[data-challenge]").forEach(solve);
  document.querySelectorAll("form[data-give]").forEach(giveForm);
  document.querySelectorAll("form[method=post]").forEach(sendOnce);

  /* Back from the provider by the browser's cache: the page must be usable again. */
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { window.location.reload(); }
  });

  var summary = document.querySelector("[data-focus]");
  if (summary) { summary.focus(); }

  /* The status part is replaced again and again; only a change of its sentence is announced. */
  document.body.addEventListener("htmx:afterSwap", function () {
    var live = document.querySelector("[data-live]");
    var says = document.querySelector("[data-says]");
    if (live && says && live.textContent !== says.dataset.says) { live.textContent = says.dataset.says; }
  });
}());
