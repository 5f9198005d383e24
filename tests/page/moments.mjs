// The moments that `cargo xtask shots` takes pictures of. `prepare` gets a page that has just
// started and brings it to the moment, by mouse, keyboard or `window.wavetank`.

/** Back to the start, paused. */
const rewind = (page) =>
  page.evaluate(() => {
    const { wavetank } = window;
    wavetank.load({ ...wavetank.recording(), actions: [], end: { atUs: 0, k: 0 } });
    document.querySelector(".notice button")?.click();
  });

/** Lets virtual time go by until the question is answered with yes. */
async function runUntil(page, question, most = 3000) {
  for (let n = 0; n < most; n += 1) {
    if (await page.evaluate(question)) return;
    await page.evaluate(() => window.wavetank.runFor(1));
  }
  throw new Error("the moment did not come");
}

const leads = () => window.wavetank.state().servers.some((server) => server.up && server.role === "leader");

async function elected(page) {
  await rewind(page);
  await runUntil(page, leads);
  await page.evaluate(() => window.wavetank.runFor(120));
}

async function submit(page, count) {
  for (let n = 1; n <= count; n += 1) {
    await page.evaluate((n) => window.wavetank.act({ submit: { op: { put: { key: "xyz"[n % 3], value: `${n}` } } } }), n);
  }
}

/** Two servers stand in one term while nobody minds how often one votes. */
async function twoLeaders(page) {
  await rewind(page);
  await runFor(page, 20);
  for (const server of ["S2", "S3"]) await act(page, { fire: { server, timer: "election" } });
  await runFor(page, 500);
}

const act = (page, action) => page.evaluate((action) => window.wavetank.act(action), action);
const runFor = (page, ms) => page.evaluate((ms) => window.wavetank.runFor(ms), ms);
/** After frames and colours have settled. */
const settled = (page) => page.evaluate(() => new Promise((done) => setTimeout(done, 400)));

const moment = (name, query, prepare, more = {}) => ({
  name,
  query,
  prepare: async (page) => {
    await prepare(page);
    await settled(page);
  },
  ...more,
});

export const moments = [
  moment("start", "?seed=7", async (page) => page.waitForTimeout(1500)),
  moment("election", "?seed=7", async (page) => {
    await rewind(page);
    await runUntil(page, () => window.wavetank.state().servers.some((server) => server.role === "candidate"));
    await runFor(page, 17);
  }),
  moment("split-vote", "?seed=3&election=150-155", async (page) => {
    await rewind(page);
    await runUntil(page, () => window.wavetank.state().servers.filter((server) => server.role === "candidate").length > 1);
    await runFor(page, 22);
  }),
  moment("replication", "?seed=7", async (page) => {
    await elected(page);
    await submit(page, 4);
    await runFor(page, 250);
    await submit(page, 2);
    await runFor(page, 20);
    await page.keyboard.press("2");
  }),
  moment("partition", "?seed=7", async (page) => {
    await elected(page);
    await submit(page, 3);
    await runFor(page, 200);
    await act(page, { partition: { groups: [["S1", "S2"], ["S3", "S4", "S5"]] } });
    await submit(page, 2);
    await runFor(page, 520);
  }),
  moment("crash", "?seed=7", async (page) => {
    await elected(page);
    await submit(page, 2);
    await runFor(page, 150);
    await act(page, { crash: { server: "S2" } });
    await act(page, { pause: { server: "S4" } });
    await runFor(page, 6);
    await page.keyboard.press("2");
  }),
  moment("rewound", "?seed=7", async (page) => {
    await elected(page);
    await submit(page, 3);
    await runFor(page, 400);
    await act(page, { crash: { server: "S1" } });
    await runFor(page, 900);
    await page.getByRole("slider", { name: /moment/i }).first().focus();
    for (let n = 0; n < 40; n += 1) await page.keyboard.press("ArrowLeft");
  }),
  moment("branched", "?seed=7", async (page) => {
    await elected(page);
    await runFor(page, 600);
    await page.getByRole("slider", { name: /moment/i }).first().focus();
    await page.keyboard.press("Home");
    await act(page, { crash: { server: "S1" } });
    await runFor(page, 700);
    await page.getByRole("tab", { name: "Branches" }).click();
  }),
  moment("spacetime", "?seed=7", async (page) => {
    await elected(page);
    await submit(page, 3);
    await runFor(page, 60);
    await page.keyboard.press("w");
    await page.waitForTimeout(400);
  }),
  moment("violation", "?seed=2&off=voteKeptWithinTerm,oneVotePerTerm&election=150-152", async (page) => {
    await elected(page);
    await runFor(page, 800);
  }),
  moment("last-steps", "?seed=7&off=oneVotePerTerm", async (page) => {
    await twoLeaders(page);
    await page.getByRole("button", { name: "Replay the last steps" }).click();
    for (let n = 0; n < 6; n += 1) await page.getByRole("button", { name: "Next step" }).click();
  }),
  moment("repaired", "?seed=7&off=oneVotePerTerm", async (page) => {
    await twoLeaders(page);
    await page.getByRole("button", { name: /^Repair oneVote/ }).click();
  }),
  moment("promise", "?seed=7&off=oneVotePerTerm", async (page) => {
    await twoLeaders(page);
    await page.getByRole("button", { name: "Election Safety is broken" }).click();
  }),
  moment("rules", "?seed=7", async (page) => {
    await elected(page);
    await page.getByRole("tab", { name: "Rules" }).click();
    await page.getByRole("checkbox", { name: /commits by counting only/ }).uncheck();
  }),
  moment("shown", "?seed=7", async (page) => {
    await page.getByRole("tab", { name: "Rules" }).click();
    await page.getByRole("button", { name: "Show me commitOnlyCurrentTerm" }).click();
    for (let n = 0; n < 40; n += 1) await page.getByRole("button", { name: "Next step" }).click();
  }),
  moment("search", "?seed=7&off=oneVotePerTerm", async (page) => {
    await elected(page);
    await page.getByRole("tab", { name: "Search" }).click();
    await page.getByLabel("The goal").fill("violated(ElectionSafety)");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.getByRole("button", { name: "Step through it" }).click();
    for (let n = 0; n < 3; n += 1) await page.getByRole("button", { name: "Next step" }).click();
  }),
  moment("searching", "?seed=7", async (page) => {
    await elected(page);
    await page.getByRole("tab", { name: "Search" }).click();
    await page.getByText("How far").click();
    await page.getByLabel("The goal").fill("leaders >= 2 and all s: last(s) = 9");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.waitForFunction(() => Number(document.querySelector("[data-progress]")?.dataset.progress) > 0);
    await page.getByLabel("The goal").fill("leaders >= 2 and rolle(S1) = leader");
    await page.getByRole("button", { name: "Cancel" }).scrollIntoViewIfNeeded();
  }),
  moment("shrunk", "?seed=7&off=oneVotePerTerm", async (page) => {
    await twoLeaders(page);
    await page.getByRole("button", { name: "Shrink it" }).click();
    await page.getByRole("button", { name: "Show the small one" }).waitFor({ timeout: 60_000 });
  }),
  moment("nine", "?servers=9&seed=4", async (page) => {
    await elected(page);
    await submit(page, 6);
    await runFor(page, 75);
  }),
  moment("one", "?servers=1&seed=1", async (page) => {
    await elected(page);
    await submit(page, 2);
    await runFor(page, 100);
  }),
  moment("hundred", "?seed=7&workload=20", async (page) => {
    await elected(page);
    await runFor(page, 4600);
  }),
  moment("one-way", "?seed=7&loss=20&duplicate=10&fsync=6-9", async (page) => {
    await elected(page);
    await act(page, { cut: { from: "S2", to: "S4" } });
    await submit(page, 2);
    await runFor(page, 30);
    await page.keyboard.press("m");
  }),
  moment("joint", "?seed=7&servers=3&noop=yes", async (page) => {
    await elected(page);
    await submit(page, 2);
    await runFor(page, 150);
    for (const server of ["S4", "S5", "S6"]) await act(page, { boot: { server } });
    await act(page, { change: { change: { learner: "S6" } } });
    await runFor(page, 100);
    await act(page, { change: { change: { joint: { voters: ["S3", "S4", "S5"], learners: ["S6"], manual: true } } } });
    await runFor(page, 62);
    await page.keyboard.press("e");
  }),
  moment("members", "?seed=7&noop=yes", async (page) => {
    await elected(page);
    await submit(page, 3);
    await runFor(page, 150);
    for (const server of ["S6", "S7", "S8"]) await act(page, { boot: { server } });
    await act(page, { change: { change: { add: "S6" } } });
    await runFor(page, 100);
    await act(page, { change: { change: { learner: "S7" } } });
    await runFor(page, 70);
    await page.keyboard.press("7");
  }),
  moment("snapshots", "?seed=7&preset=everything&snapshotEvery=6&snapshotChunk=24&catchUpRounds=0", async (page) => {
    await elected(page);
    await submit(page, 9);
    await runFor(page, 1200);
    await act(page, { boot: { server: "S6" } });
    await act(page, { change: { change: { add: "S6" } } });
    await submit(page, 2);
    await runFor(page, 130);
    await page.keyboard.press(`${(await page.evaluate(() => window.wavetank.state().leaders[0])).slice(1)}`);
  }),
  moment("prevote", "?seed=7&preset=everything", async (page) => {
    await elected(page);
    const [leader] = await page.evaluate(() => window.wavetank.state().leaders);
    await act(page, { crash: { server: leader } });
    await runUntil(page, () => window.wavetank.state().servers.some((server) => server.role === "preCandidate"));
    await runFor(page, 16);
  }),
  moment("transfer", "?seed=7&preset=everything", async (page) => {
    await elected(page);
    const [leader] = await page.evaluate(() => window.wavetank.state().leaders);
    await submit(page, 4);
    await runFor(page, 60);
    const to = leader === "S3" ? "S4" : "S3";
    await act(page, { transfer: { to } });
    await runFor(page, 5);
    await page.keyboard.press(leader.slice(1));
  }),
  moment("lanes", "?seed=7&sessions=yes&workload=60&clientTimeout=200&clientAttempts=2", async (page) => {
    await elected(page);
    await submit(page, 3);
    await runFor(page, 500);
    await act(page, { submit: { op: { get: { key: "x" } }, mode: "readIndex" } });
    await runFor(page, 100);
    for (const server of ["S1", "S2", "S3"]) await act(page, { pause: { server } });
    await submit(page, 2);
    await runFor(page, 700);
    await page.getByRole("tab", { name: "Clients" }).click();
  }),
  moment("options", "?seed=7&preset=everything", async (page) => {
    await elected(page);
    await page.getByRole("tab", { name: "Options" }).click();
  }),
  moment("setup", "?heartbeat=400", async (page) => page.keyboard.press("s")),
  moment("keys", "", async (page) => page.keyboard.press("?")),
];
