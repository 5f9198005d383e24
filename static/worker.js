// Long work beside the page: the page's own module, started a second time in a worker. The one message
// that comes says where the module lies and what is to be done; answers go back as they come.

onmessage = async ({ data: { module, wasm, job } }) => {
  try {
    const { default: init } = await import(module);
    await init({ module_or_path: wasm });
    // The module has put this function there, since it found no page.
    self.wavetankWork(job, (news) => postMessage(news));
  } catch (error) {
    postMessage(JSON.stringify({ failed: `The work broke off: ${error}` }));
  }
};
