// The moments that `cargo xtask shots` takes pictures of. `prepare` gets a page that has just
// started and brings it to the moment, by mouse, keyboard or `window.wavetank`.

export const moments = [
  {
    name: "start",
    prepare: async () => {},
  },
];
