// Words written without connection, and notices on this device. Used by pages and by the service worker alike.
"use strict";

// --- what waits on this device: sealed with a key that never leaves the browser -----------------------------------

const Outbox = (() => {
  const NAME = "carnet";
  const MOST = 20;
  const MOST_CHARACTERS = 200000;
  const DAYS = 7;

  const open = () =>
    new Promise((done, fail) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("waiting", { keyPath: "id" });
        asked.result.createObjectStore("facts");
      };
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => fail(asked.error);
      asked.onblocked = () => fail(new Error("blocked"));
    });

  const within = async (store, mode, act) => {
    const database = await open();
    try {
      return await new Promise((done, fail) => {
        const transaction = database.transaction(store, mode);
        const asked = act(transaction.objectStore(store));
        transaction.oncomplete = () => done(asked ? asked.result : undefined);
        transaction.onerror = transaction.onabort = () => fail(transaction.error);
      });
    } finally {
      database.close();
    }
  };

  const fact = (name) => within("facts", "readonly", (facts) => facts.get(name));
  const setFact = (name, value) => within("facts", "readwrite", (facts) => facts.put(value, name));

  const key = async () => {
    const known = await fact("key");
    if (known) return known;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await setFact("key", made);
    return fact("key");
  };

  const forget = () =>
    new Promise((done) => {
      const asked = indexedDB.deleteDatabase(NAME);
      asked.onsuccess = asked.onerror = asked.onblocked = () => done();
    });

  const rows = async () => {
    const oldest = Date.now() - DAYS * 86400000;
    const found = (await within("waiting", "readonly", (waiting) => waiting.getAll())) || [];
    const late = found.filter((row) => row.at < oldest);
    for (const row of late) await remove(row.id);
    return found.filter((row) => row.at >= oldest).sort((a, b) => a.at - b.at);
  };

  const remove = (id) => within("waiting", "readwrite", (waiting) => waiting.delete(id));

  return {
    forget,
    remove,
    language: () => fact("language").catch(() => "fr"),

    // Whose device this is for now. Another person's words go when somebody else signs in.
    async belongsTo(account, language) {
      const before = await fact("account");
      if (before && before !== account) await forget();
      await setFact("account", account);
      await setFact("language", language);
    },

    // Keep what a form would have sent; false when it cannot be kept.
    async keep(words) {
      try {
        const account = await fact("account");
        const plain = JSON.stringify(words);
        if (!account || plain.length > MOST_CHARACTERS) return false;
        const id = words.fields.draft;
        const others = (await rows()).filter((row) => row.id !== id);
        if (others.length >= MOST) return false;
        const iv = crypto.getRandomValues(new Uint8Array(12));
        const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), new TextEncoder().encode(plain));
        await within("waiting", "readwrite", (waiting) => waiting.put({ id, account, at: Date.now(), iv, sealed }));
        return true;
      } catch {
        return false;
      }
    },

    async waiting() {
      try {
        return (await rows()).length;
      } catch {
        return 0;
      }
    },

    // What this account has waiting, opened.
    async opened(account) {
      const found = [];
      for (const row of await rows()) {
        if (row.account !== account) continue;
        try {
          const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv }, await key(), row.sealed);
          found.push({ id: row.id, at: row.at, ...JSON.parse(new TextDecoder().decode(plain)) });
        } catch {
          await remove(row.id); // the key is gone: nobody can read it any more
        }
      }
      return found;
    },
  };
})();

// --- in a page ---------------------------------------------------------------------------------------------------

if (typeof document !== "undefined" && "serviceWorker" in navigator && window.isSecureContext && window.indexedDB && window.crypto?.subtle) {
  const words = document.getElementById("device-words")?.dataset || {};
  const account = document.body.dataset.account || "";
  const language = document.documentElement.lang;
  const main = document.getElementById("main") || document.body;

  const say = (text, kind = "info", after = []) => {
    const line = document.createElement("p");
    line.className = `notice notice--${kind}`;
    line.setAttribute("role", "status");
    const inside = document.createElement("span");
    inside.append(text, ...after);
    line.append(inside);
    main.prepend(line);
    return line;
  };

  const link = (address, text) => {
    const made = document.createElement("a");
    made.href = address;
    made.textContent = text;
    // On the page that it leads to, following it must show what is new there.
    made.addEventListener("click", () => {
      if (made.pathname === location.pathname) setTimeout(() => location.reload());
    });
    return made;
  };

  const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";

  // A text that was not taken stays in sight until its writer has done with it.
  const show = (one, sentence) => {
    const line = say(`${sentence} `, "warning");
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = words.show;
    const text = document.createElement("pre");
    text.className = "kept-words";
    text.textContent = [one.fields.subject, one.fields.text].filter(Boolean).join("\n\n");
    const away = document.createElement("button");
    away.type = "button";
    away.className = "button button--quiet button--small";
    away.textContent = words.remove;
    away.addEventListener("click", async () => {
      await Outbox.remove(one.id);
      line.remove();
    });
    details.append(summary, text, away);
    line.append(details);
  };

  const told = {
    sent: (one, answer) => say(`${words.sent} `, "success", [link(answer.url, words.see)]),
    kept: (one, answer) => say(`${words.draft} `, "success", [link(`/messages/brouillons/${answer.draft}/`, words.resume)]),
  };

  const hand = async (one) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(one.fields)) body.append(name, value);
    const answer = await fetch(one.address, {
      method: "POST",
      body,
      credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": token() },
    });
    const ours = (answer.headers.get("Content-Type") || "").includes("application/json");
    if (!ours && answer.redirected) return false; // to the sign-in page: later
    const said = ours ? await answer.json() : {};
    if (answer.ok && told[said.state]) {
      await Outbox.remove(one.id);
      told[said.state](one, said);
      if (one.files) say(words.files, "warning");
    } else {
      show(one, said.sentence || words.refused);
    }
    return true;
  };

  let handing = false;
  const handAll = async () => {
    if (!account || handing || !navigator.onLine) return;
    handing = true;
    try {
      for (const one of await Outbox.opened(account)) {
        if (!(await hand(one))) break;
      }
    } catch {
      // No connection yet: it waits.
    } finally {
      handing = false;
    }
  };

  const start = async () => {
    const registered = navigator.serviceWorker.register("/carnet-worker.js", { scope: "/" }).catch(() => null);
    if (account) {
      await Outbox.belongsTo(account, language);
      await handAll();
      window.addEventListener("online", handAll);
    }
    await registered;
  };
  start().catch(() => {});

  // Signing out forgets; the server's answer says so to the browser once more.
  document.querySelectorAll("form[data-sign-out]").forEach((form) => {
    form.addEventListener("submit", async (event) => {
      if (form.dataset.forgotten) return;
      event.preventDefault();
      const number = await Outbox.waiting();
      if (number && words.leave && !window.confirm(words.leave)) return;
      await Outbox.forget();
      form.dataset.forgotten = "yes";
      form.requestSubmit();
    });
  });

  // The page for no connection.
  const away = document.querySelector("[data-offline]");
  if (away) {
    const said = away.querySelector(`[data-said="${CSS.escape(location.hash.slice(1))}"]`);
    if (said) said.hidden = false;
    const form = away.querySelector("form");
    if (form) form.elements.draft.value = crypto.randomUUID();
    Outbox.waiting().then((number) => {
      const line = away.querySelector("[data-waiting]");
      if (!line || !number) return;
      line.hidden = false;
      line.querySelector("strong").textContent = String(number);
    });
    window.addEventListener("online", () => location.assign("/accueil/"));
  }

  // Notices on this device.
  const device = document.querySelector("[data-push-key]");
  if (device && "PushManager" in window) {
    const button = device.querySelector("button[data-subscribe]");
    const problem = device.querySelector("[data-problem]");
    const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
    const name = () => {
      const agent = navigator.userAgent;
      const browser = [["Firefox", /Firefox\//], ["Edge", /Edg\//], ["Chrome", /Chrome\//], ["Safari", /Safari\//]];
      const system = [["Android", /Android/], ["iPhone", /iPhone|iPad/], ["Windows", /Windows/], ["Mac", /Mac OS/], ["Linux", /Linux/]];
      const first = (known) => known.find(([, sign]) => sign.test(agent))?.[0] || "";
      return [first(browser), first(system)].filter(Boolean).join(", ");
    };
    button.hidden = false;
    button.addEventListener("click", async () => {
      problem.hidden = true;
      try {
        const worker = await navigator.serviceWorker.ready;
        const made = await worker.pushManager.subscribe({
          userVisibleOnly: true,
          applicationServerKey: bytes(device.dataset.pushKey),
        });
        const answer = await fetch(device.dataset.subscribeUrl, {
          method: "POST",
          credentials: "same-origin",
          headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
          body: JSON.stringify({ ...made.toJSON(), device: name() }),
        });
        if (!answer.ok) throw new Error(String(answer.status));
        location.assign((await answer.json()).url);
        location.reload();
      } catch {
        problem.hidden = false;
      }
    });
  }
}
