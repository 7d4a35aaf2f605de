// What is written is kept by itself, and files go up one by one. Without this file the same form does it by its buttons.
"use strict";

(() => {
  const QUIET = 2000; // after the last key
  const AGAIN = 10000; // after a failure
  const OUTLIVES = 20000; // characters: a request that outlives its page carries 64 KiB at most
  const language = document.documentElement.lang;

  const sizeWords = (bytes, units) => {
    const [unit, amount, digits] =
      bytes < 1000 ? [0, bytes, 0] : bytes < 999500 ? [1, bytes / 1000, 0] : [2, bytes / 1e6, 1];
    const number = new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(amount);
    return `${number}\u00a0${units.split("|")[unit]}`;
  };

  document.querySelectorAll("form[data-draft]").forEach((form) => {
    const part = (name) => form.querySelector(`[data-${name}]`);
    const field = (name) => form.elements.namedItem(name);
    let notTaken = ""; // why files were not taken: said until others are chosen
    const say = (words) => { part("draft-state").textContent = [notTaken, words].filter(Boolean).join(" "); };
    const conflict = part("conflict");
    let timer = 0;
    let changed = false; // something is typed that is neither kept nor on its way
    let leaving = false;
    let signedOut = false;
    let warned = false;
    let other = null;
    let adding = 0;
    let turn = Promise.resolve(); // one request at a time, in order

    const inTurn = (act) => {
      turn = turn.then(act, act);
      return turn;
    };

    const words = () => {
      const data = new FormData(form);
      data.delete("attached");
      return data;
    };

    const post = async (data, act, keepalive) => {
      data.set("do", act);
      const answer = await fetch(form.dataset.keep, {
        method: "POST", body: data, keepalive, headers: { Accept: "application/json" }, credentials: "same-origin",
        redirect: "manual", // to sign in again: it may lead to another site, where no answer comes from
      });
      if (answer.type === "opaqueredirect") return { state: "signed-out" };
      const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
      return isJson ? answer.json() : { state: "failed" };
    };

    const noticed = (answer) => {
      signedOut = answer.state === "signed-out";
      warned = warned && signedOut;
      if (answer.state === "kept") {
        field("version").value = answer.version;
        say([answer.saved, unkept()].filter(Boolean).join(" "));
        showFiles(answer);
        const bin = part("delete");
        if (bin) {
          bin.href = form.dataset.keep + bin.dataset.delete.split("/").slice(-2).join("/") + bin.search;
          bin.hidden = !answer.saved;
        }
        if (!form.elements.namedItem("conversation") && location.pathname !== form.dataset.keep) {
          history.replaceState(null, "", form.dataset.keep);
        }
      } else if (answer.state === "conflict") {
        showConflict(answer);
      } else if (answer.state === "sent") {
        leaving = true;
        const where = new URL(answer.url, location.href);
        if (where.pathname === location.pathname) {
          history.replaceState(null, "", where); // the same page, which shows the message only when it is asked for anew
          location.reload();
        } else {
          location.assign(where);
        }
      } else if (answer.state === "signed-out") {
        say(form.dataset.signedOut);
      } else if (answer.sentence) {
        say(answer.sentence);
      } else {
        say(form.dataset.unreachable);
      }
    };

    const later = (wait) => {
      window.clearTimeout(timer);
      timer = window.setTimeout(keep, wait);
    };

    const keep = () => inTurn(async () => {
      window.clearTimeout(timer);
      if (!changed || leaving || other) return;
      changed = false;
      const data = words();
      try {
        const answer = await post(data, "keep", field("text").value.length <= OUTLIVES);
        if (answer.state !== "kept" && answer.state !== "sent") changed = true;
        if (answer.state === "failed") later(AGAIN);
        noticed(answer);
      } catch {
        changed = true;
        say(form.dataset.unreachable);
        later(AGAIN);
      }
    });

    // What another page kept meanwhile: nothing goes on before the writer has chosen.
    const showConflict = (answer) => {
      other = answer;
      part("conflict-words").textContent = answer.sentence;
      const shown = part("conflict-text");
      const parts = [answer.subject, answer.text].filter(Boolean).map((text) => {
        const line = document.createElement("p");
        line.className = "as-written";
        line.textContent = text;
        return line;
      });
      shown.replaceChildren(...parts);
      part("conflict-other").hidden = answer.deleted;
      part("conflict-other").open = true;
      part("take-other").hidden = answer.deleted;
      part("conflict-acts").hidden = false;
      conflict.hidden = false;
      conflict.focus();
    };

    const settle = (take) => {
      if (!other) return;
      field("version").value = other.version;
      if (field("draft")) {
        field("draft").value = other.draft;
        form.dataset.keep = form.dataset.keep.replace(/[0-9a-f-]{36}/, other.draft);
      }
      if (other.seen) field("seen").value = other.seen;
      if (take) {
        field("text").value = other.text;
        if (field("subject")) field("subject").value = other.subject;
        Object.entries(other.ticks || {}).forEach(([name, ticked]) => { if (field(name)) field(name).checked = ticked; });
      }
      other = null;
      conflict.hidden = true;
      changed = true;
      field("text").focus();
      keep();
    };
    part("keep-mine")?.addEventListener("click", () => settle(false));
    part("take-other")?.addEventListener("click", () => settle(true));

    // --- files ---
    const showFiles = (answer) => {
      if (!answer.files) return;
      const pattern = part("enclosed-one").content.firstElementChild;
      part("enclosed").replaceChildren(
        ...answer.files.map((file) => {
          const item = pattern.cloneNode(true);
          item.dataset.size = file.size;
          item.querySelector(".enclosed-name").textContent = file.name;
          item.querySelector(".enclosed-size").textContent = file.size_words;
          const button = item.querySelector("button");
          button.value = `take-out:${file.id}`;
          button.querySelector(".visually-hidden").textContent = ` ${file.name}`;
          return item;
        }),
      );
      part("budget-words").textContent = answer.budget_words;
      form.dataset.left = answer.left;
    };

    const add = (file) => inTurn(async () => {
      if (file.size > Number(form.dataset.left)) {
        const left = sizeWords(Number(form.dataset.left), form.dataset.units);
        return form.dataset.tooLarge.replace("{name}", file.name).replace("{left}", left);
      }
      say(form.dataset.adding.replace("{name}", file.name));
      const data = words();
      data.append("attached", file, file.name);
      try {
        const answer = await post(data, "keep", false);
        noticed(answer);
        return answer.refused ? answer.refused.join(" ") : "";
      } catch {
        return form.dataset.notAdded.replace("{name}", file.name);
      }
    });

    const fileFields = [...form.querySelectorAll("input[type=file]")];
    const unkept = () => form.dataset.filesNotKept && fileFields.some((one) => one.files.length) ? form.dataset.filesNotKept : "";
    (part("enclosed") ? fileFields : []).forEach((input) => {
      input.addEventListener("change", async () => {
        const files = [...input.files];
        input.value = "";
        notTaken = "";
        const refused = [];
        adding += files.length;
        for (const file of files) {
          const told = await add(file);
          adding -= 1;
          if (told) refused.push(told);
        }
        if (!refused.length) return;
        notTaken = refused.join(" ");
        say("");
      });
    });

    form.addEventListener("click", (event) => {
      const button = event.target.closest("button[value^='take-out:']");
      if (!button) return;
      event.preventDefault();
      inTurn(async () => {
        try { noticed(await post(words(), button.value, false)); } catch { say(form.dataset.unreachable); }
        part("enclosed").closest(".enclosures").querySelector("input[type=file]").focus();
      });
    });

    // --- when ---
    const note = (event) => {
      if (event.target.type === "file") return;
      changed = true;
      later(QUIET);
    };
    form.addEventListener("input", note);
    form.addEventListener("change", note);
    form.addEventListener("focusout", keep);
    document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
    window.addEventListener("pagehide", keep);
    window.addEventListener("online", keep);
    window.addEventListener("pageshow", () => { leaving = false; }); // back on a page that was left
    window.addEventListener("beforeunload", (event) => {
      if (!changed || leaving) return;
      event.preventDefault();
      keep(); // while the question is shown
    });
    const button = part("keep-button");
    if (button) button.hidden = true;

    // Words on their way are no hindrance: the form brings the same. Files are waited for.
    form.addEventListener("submit", (event) => {
      window.clearTimeout(timer);
      if (other) {
        event.preventDefault();
        conflict.focus();
      } else if (adding) {
        event.preventDefault();
        inTurn(() => form.requestSubmit(event.submitter));
      } else if (signedOut && !warned) { // the form would lead to sign in, its words nowhere: that is said first
        event.preventDefault();
        warned = true;
        changed = true;
        keep().then(() => { if (!signedOut && !changed) form.requestSubmit(event.submitter); });
      } else {
        leaving = true;
      }
    });
  });
})();
