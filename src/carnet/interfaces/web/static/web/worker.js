// The service worker: a page for no connection, words written without one, and notices. KEEPS comes before this file.
//
// Nothing of a person is kept in clear: the cache holds the shell that is the same for everybody, and what was written
// without connection lies in the browser's database, sealed with a key that cannot be taken out of it.
"use strict";

importScripts(KEEPS.shell.find((name) => name.includes("offline")));

const CACHE = `carnet-${KEEPS.version}`;
const OFFLINE_PAGES = Object.values(KEEPS.pages);

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      // As nobody in particular: what is kept must not name who is signed in.
      const ask = (address) => new Request(address, { credentials: "omit", cache: "reload" });
      await cache.addAll([...KEEPS.shell, ...OFFLINE_PAGES].map(ask));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

const offlinePage = async (said) => {
  const language = (await Outbox.language()) || "fr";
  const kept = await caches.match(KEEPS.pages[language] || KEEPS.pages.fr);
  if (!kept) return Response.error();
  if (!said) return kept;
  return new Response(null, { status: 303, headers: { Location: `${KEEPS.pages[language] || KEEPS.pages.fr}#${said}` } });
};

// What a form of writing would have sent. A form that asks for anything else than writing is not kept.
const keepWords = async (form, address) => {
  if (!form || !form.get("draft") || !["send", "keep", null].includes(form.get("do"))) return "";
  const fields = {};
  let files = false;
  for (const [name, value] of form.entries()) {
    if (typeof value === "string") {
      if (name !== "csrfmiddlewaretoken") fields[name] = value;
    } else if (value.size) {
      files = true;
    }
  }
  if (!(fields.text || "").trim() && !(fields.subject || "").trim()) return "";
  if (!(await Outbox.keep({ address, fields, files }))) return "not-kept";
  return files ? "kept-without-files" : "kept";
};

const writes = (address) =>
  address.pathname === KEEPS.kept.write[0] ||
  (address.pathname.startsWith(KEEPS.kept.write[1]) && /\/(reponse|brouillons\/[^/]+)\/$/.test(address.pathname));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.method === "GET" && KEEPS.shell.includes(address.pathname)) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(address.pathname)) || Response.error()));
    return;
  }
  if (request.mode !== "navigate") return;
  if (request.method === "GET") {
    event.respondWith(
      fetch(request).catch(async () => (OFFLINE_PAGES.includes(address.pathname) && (await caches.match(address.pathname))) || offlinePage()),
    );
    return;
  }
  if (request.method !== "POST" || !writes(address)) return;
  const copy = request.clone();
  event.respondWith(
    fetch(request).catch(async () => {
      let form = null;
      try {
        form = await copy.formData();
      } catch {
        return offlinePage("not-kept");
      }
      return offlinePage(await keepWords(form, address.pathname));
    }),
  );
});

self.addEventListener("push", (event) => {
  event.waitUntil(
    (async () => {
      let told = {};
      try {
        told = event.data ? event.data.json() : {};
      } catch {
        told = {};
      }
      const words = KEEPS.words[(await Outbox.language()) || "fr"] || KEEPS.words.fr;
      await self.registration.showNotification(told.title || "Carnet", {
        body: told.body || words.something,
        icon: KEEPS.kept.icon,
        tag: told.page || "carnet",
        renotify: true,
        data: { page: told.page },
      });
    })(),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const wanted = event.notification.data && event.notification.data.page;
  const page = KEEPS.opens.includes(wanted) ? wanted : KEEPS.opens[0];
  event.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: "window", includeUncontrolled: false });
      for (const client of open) {
        if (new URL(client.url).pathname === page) return client.focus();
      }
      return self.clients.openWindow(page);
    })(),
  );
});
