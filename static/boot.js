// Starts the page: loads the WebAssembly module, and says so in a sentence if that cannot be done.
// A file of its own, because the content security policy allows no inline script.
"use strict";

(() => {
  /** The address that Trunk wrote into the page under this name. */
  const address = (name) =>
    new URL(document.querySelector(`meta[name="${name}"]`).content, document.baseURI).href;

  /** Never a blank page: says what happened and what can be done. */
  const fail = (error) => {
    const sentence = document.createElement("p");
    sentence.id = "boot-failure";
    sentence.className = "boot";
    sentence.setAttribute("role", "alert");
    sentence.textContent =
      typeof WebAssembly === "object"
        ? "Wavetank could not be loaded: check the connection and load the page again."
        : "Wavetank needs WebAssembly, which this browser does not have or does not allow: try a current browser.";
    const cause = document.createElement("small");
    cause.textContent = ` (${error})`;
    sentence.append(cause);
    document.getElementById("app").replaceChildren(sentence);
  };

  const start = async () => {
    const { default: init } = await import(address("page-module"));
    await init({ module_or_path: address("page-wasm") });
  };

  /** Under `trunk serve`: loads the page again after each build, and logs a build that failed. */
  const reloadOnBuild = () => {
    const url = new URL(".well-known/trunk/ws", document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = url.hash = "";
    const connect = (onOpen) => {
      const socket = new WebSocket(url);
      socket.onopen = onOpen;
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === "reload") location.reload();
        if (message.type === "buildFailure") console.error(message.data.reason);
      };
      // Trunk was stopped: when it is back, it has built anew.
      socket.onclose = () => setTimeout(connect, 2000, () => location.reload());
    };
    connect(null);
  };

  start().catch(fail);
  const timing = performance.getEntriesByType("navigation")[0]?.serverTiming ?? [];
  if (timing.some(({ name }) => name === "trunk")) reloadOnBuild();
})();
