// Comforts of the desk. Every page works without this file.
"use strict";

// --- find a patient or a colleague ---------------------------------------------------------------------------------

(() => {
  const form = document.querySelector("[data-scan]");
  const input = form && form.querySelector("input[name=scan]");
  if (!input) return;
  // A hand scanner types where the cursor is. Not on a phone: its keyboard would cover the page.
  if (matchMedia("(pointer: fine)").matches && !document.getElementById("errors")) input.focus();

  // The camera reads the barcode where the browser can; what it sees goes nowhere but into the field.
  const offerCamera = async () => {
    if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
    if (!(await BarcodeDetector.getSupportedFormats()).includes("data_matrix")) return;
    const detector = new BarcodeDetector({ formats: ["data_matrix"] });
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--quiet";
    button.textContent = form.dataset.camera;
    const video = document.createElement("video");
    video.className = "scan-camera";
    video.playsInline = true;
    video.muted = true;
    video.hidden = true;
    video.setAttribute("aria-label", form.dataset.aim);
    form.querySelector(".actions").append(button);
    form.append(video);
    let stream = null;
    const stop = () => {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      stream = null;
      video.hidden = true;
      button.textContent = form.dataset.camera;
    };
    const look = async () => {
      if (!stream) return;
      const found = await detector.detect(video).catch(() => []);
      if (found.length) {
        stop();
        input.value = found[0].rawValue;
        form.requestSubmit();
      } else setTimeout(look, 200);
    };
    button.addEventListener("click", async () => {
      if (stream) return stop();
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch {
        return;
      }
      video.hidden = false;
      video.srcObject = stream;
      button.textContent = form.dataset.stop;
      await video.play();
      look();
    });
    addEventListener("pagehide", stop);
  };
  offerCamera().catch(() => {});
})();

// --- inbox and conversation ----------------------------------------------------------------------------------------

(() => {
  const first = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  // A saved reply goes where the cursor is.
  all("[data-insert]").forEach((button) => {
    button.addEventListener("click", (event) => {
      const chosen = button.form?.elements.reply?.selectedOptions[0]?.dataset.text;
      const area = document.getElementById(button.dataset.insert);
      if (!area) return;
      event.preventDefault();
      area.focus();
      if (!chosen) return;
      area.setRangeText(chosen, area.selectionStart, area.selectionEnd, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });

  // New mail is said, and never changes the page under its reader.
  const news = first("[data-news]");
  if (news && window.fetch) {
    let told = 0;
    const ask = async () => {
      if (document.hidden) return;
      const address = `${news.dataset.news}?since=${encodeURIComponent(news.dataset.since)}`;
      let found;
      try {
        const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
        if (!answer.ok) return;
        found = await answer.json();
      } catch {
        return;
      }
      if (!found.number || found.number === told) return;
      told = found.number;
      const link = document.createElement("a");
      link.href = news.dataset.list;
      link.textContent = news.dataset.show;
      news.replaceChildren(document.createTextNode(found.words), link);
    };
    setInterval(ask, 45000);
  }

  // Keys, for who has not switched them off, and never while something is typed.
  const line = first("[data-keys]");
  if (line?.dataset.keys !== "on") return;
  const stops = all(".thread .row-title").length ? all(".thread .row-title") : all(".message");
  const listed = stops.length > 0 && stops[0].classList.contains("row-title");
  const here = () => stops.findIndex((stop) => stop === document.activeElement || (!listed && stop.contains(document.activeElement)));
  const go = (step) => {
    const at = here();
    const to = at < 0 ? (listed || step > 0 ? 0 : stops.length - 1) : Math.min(Math.max(at + step, 0), stops.length - 1);
    stops[to]?.focus();
    if (!listed) stops[to]?.scrollIntoView({ block: "start" });
  };
  const tick = () => stops[here()]?.closest(".thread")?.querySelector("input[type=checkbox]");
  all("[data-key]").forEach((one) => one.setAttribute("aria-keyshortcuts", one.dataset.key));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    const target = event.target;
    if (target.isContentEditable || target.closest("textarea, select, input:not([type=checkbox], [type=radio])")) return;
    const { key } = event;
    if (key === "j") go(1);
    else if (key === "k") go(-1);
    else if (key === "o" && listed && here() >= 0) stops[here()].click();
    else if (key === "x" && listed && tick()) tick().checked = !tick().checked;
    else {
      const asked = all("[data-key]").find((one) => one.dataset.key === key);
      if (!asked) return;
      const chosen = asked.closest(".several-bar") ? asked.form : null;
      if (chosen) {
        if (!chosen.querySelector("input:checked") && tick()) tick().checked = true;
        if (!chosen.querySelector("input:checked")) return;
      }
      if (asked.matches("input, textarea")) asked.focus();
      else asked.click();
      if (key === "r") document.querySelector("#answer textarea")?.focus();
    }
    event.preventDefault();
  });
})();

// --- write, patients, documents ------------------------------------------------------------------------------------

// --- pathways, templates, sendings ---------------------------------------------------------------------------------

(() => {
  // The fields of the moment that is not chosen are out of the way.
  document.querySelectorAll("form[data-moment]").forEach((form) => {
    const show = () => {
      const chosen = form.querySelector("input[name=when]:checked")?.value;
      form.querySelectorAll("[data-when]").forEach((part) => { part.hidden = part.dataset.when !== chosen; });
    };
    form.addEventListener("change", show);
    show();
  });

  // A sending that leaves is looked at again every few seconds while the page is seen.
  const look = async () => {
    const shown = document.querySelector("[data-progress][data-moves]");
    if (!shown) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          const fresh = page.querySelector("[data-progress]");
          if (fresh && !shown.contains(document.activeElement)) shown.replaceWith(document.adoptNode(fresh));
          const figures = page.querySelector("dl.figures");
          if (figures) document.querySelector("dl.figures")?.replaceWith(document.adoptNode(figures));
        }
      } catch { /* the link does the same */ }
    }
    setTimeout(look, 3000);
  };
  setTimeout(look, 2000);
})();

// --- write -----------------------------------------------------------------------------------------------------------

(() => {
  // What is typed is kept by itself; the files go with the next button that is pressed.
  const form = document.querySelector("form[data-keep]:not([data-draft])"); // that one is drafts.js's
  if (!form || !window.fetch) return;
  const told = form.querySelector("[data-kept]");
  let waiting = 0;
  const keep = async () => {
    const data = new FormData(form);
    data.delete("attached");
    try {
      const answer = await fetch(form.action, { method: "POST", body: data, headers: { "X-Carnet-Save": "1" }, credentials: "same-origin", redirect: "error" });
      if (answer.ok && told) told.textContent = told.dataset.kept;
    } catch {
      if (told) told.textContent = "";
    }
  };
  form.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    if (told) told.textContent = "";
    clearTimeout(waiting);
    waiting = setTimeout(keep, 3000);
  });
  form.addEventListener("submit", () => clearTimeout(waiting));
})();
