/**
 * Wavetank for programs: a whole Raft cluster in simulated time, its faults, and checks of all that Raft
 * promises. The same setup and the same actions give the same run, on every machine.
 *
 * Times are in milliseconds where a name says `Ms`, and in whole microseconds of simulated time where it
 * says `Us`, as in recordings (docs/formats.md in the repository).
 */
export class Simulation {
  /**
   * A run at its beginning. Without anything: five servers that have never run, seed 1.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`
   */
  constructor(setup?: SimulationSetup);

  /**
   * The run of a recording, at its end; of a run with branches (`.wavetank.json`), or a link to a run, at the
   * moment that it opens at. Takes the object, its JSON text, or the link's.
   *
   * @throws {WavetankError} `BAD_RECORDING`
   */
  static from(source: Recording | RunDocument | string): Simulation;

  /**
   * Looks for a run from servers that have never run to a state in shorthand, such as
   * `"S1:L2 112 c1 / S2:F2 11 / S3:x1 1"`, with all rules on. Gives the run as a recording; or `null`, and then
   * `sentence` says whether the state is out of reach or how far the search went. A run that can be put together
   * takes milliseconds; else a search does, and this call returns only when that is over: seconds with the usual
   * `states`, so ask for more in a worker.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`
   */
  static reach(state: string, limits?: ReachLimits): Reached;

  /** The time since the start. */
  readonly nowMs: number;

  /** How many events there have been. They are numbered from 0. */
  readonly eventCount: number;

  /**
   * Does something, now, and gives the number of its event. What would have no effect is refused. After
   * {@link seek} or {@link rewind} what was done later is left to its own branch, and the run goes its own way.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`, `REFUSED`
   */
  act(action: ActionInput): number;

  /**
   * Lets the next thing happen, whenever that is, and gives the number of its event; `null` where nothing
   * happens any more by itself.
   *
   * @throws {WavetankError} `REFUSED` when the run is as long as runs can be
   */
  step(): number | null;

  /**
   * Lets so much time go by, and gives the time then. In manual mode time stands still.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`, `REFUSED`
   */
  runFor(ms: number): number;

  /**
   * Goes on, event by event, until the goal holds (it may hold already), or so much time has gone by. Gives
   * whether it holds. A goal is a text (docs/goals.md in the repository), such as `"leaders = 1"` or
   * `"violated"`, or a function, which is asked after every event; what it throws comes through.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`, `REFUSED`
   */
  runUntil(goal: string | ((run: Simulation) => unknown), options?: { /** 60,000 if left out. */ withinMs?: number }): boolean;

  /** Everything that can be seen at this moment. */
  state(): State;

  /**
   * The events from the number `from` on (0 if left out), oldest first, `limit` at most (1,000 if left out). One
   * call gives 20,000 at most, and a higher `limit` is an error, so that no events are missing unnoticed: ask again
   * with `from`, up to {@link eventCount}.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`, also when `limit` is above 20,000
   */
  events(options?: { from?: number; limit?: number }): SimulationEvent[];

  /**
   * Why no run of Raft leads to the state that this run started in, in sentences: with all rules on, and these
   * servers from the beginning. Empty where nothing is known to speak against it, or where the run started with
   * servers that had never run.
   */
  objections(): string[];

  /** The promises of Raft that were broken so far: none, as long as all rules are on. */
  check(): Violation[];

  /**
   * An event in an English sentence, with the sections of the paper (§) and the dissertation (D).
   *
   * @throws {WavetankError} `BAD_ARGUMENT`
   */
  explain(event: number): string;

  /**
   * What the sentence of an event ({@link explain}) claims, as data. Not everything in it is a claim: what people do,
   * what is lost on the way, and what clients hear is in the event itself.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`
   */
  claims(event: number): Claim[];

  /**
   * Where a run that was opened ({@link from}) runs differently here from where it was made, and why: an earlier
   * version made it, or its file was changed. `null` where it runs as it did, and for runs that began here.
   */
  differs(): Differs | null;

  /** The digest of everything that has happened: 16 hexadecimal digits, the same for the same run. */
  digest(): string;

  /** All that it takes to do the run again, up to this moment. */
  recording(): Recording;

  /**
   * The run up to this moment as a link: what stands behind the `#` of the page's address.
   *
   * @throws {WavetankError} `TOO_LONG`
   */
  link(): string;

  /**
   * Goes to another moment of the run, back or forth: to right after an event, to a time (everything until
   * then has happened), to the start, or to the end. Gives the time there. From there on all that was done
   * later happens again, until somebody acts.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`, `REFUSED` when the run has not come so far
   */
  seek(to: { event: number } | { ms: number } | "start" | "end"): number;

  /**
   * Goes back by so much time, at most to the start; as {@link seek} does. Gives the time there.
   *
   * @throws {WavetankError} `BAD_ARGUMENT`
   */
  rewind(ms: number): number;

  /**
   * Another run that is as this one is now. From now on each goes its own way: what was done after this
   * moment does not happen in it.
   */
  branch(): Simulation;

  /** Gives the memory back at once, and not only some time after the last use. */
  free(): void;

  /** The same as {@link free}, for `using run = new Simulation()`. */
  [Symbol.dispose](): void;
}

/** What the library throws. */
export class WavetankError extends Error {
  readonly name: "WavetankError";
  /** Which kind of error it is. The message says what was wrong and what to do. */
  readonly code: ErrorCode;
  /** With `PANIC`: what was being done when the library failed. */
  readonly recording?: Recording;
}

/**
 * - `BAD_ARGUMENT`: an argument is of the wrong form.
 * - `REFUSED`: the action would do nothing, or the run can't go on; the message says why.
 * - `BAD_RECORDING`: the recording can't be used.
 * - `TOO_LONG`: the run does not fit into a link.
 * - `NO_VALUE`: JavaScript has no value for the result.
 * - `FREED`: the simulation was used after `free()`.
 * - `PANIC`: the library has failed, and this simulation with it; others go on.
 */
export type ErrorCode = "BAD_ARGUMENT" | "REFUSED" | "BAD_RECORDING" | "TOO_LONG" | "NO_VALUE" | "FREED" | "PANIC";

/** A server: `"S1"` to `"S9"`. */
export type ServerId = `S${number}`;
/** A client: `"C1"` is the person's, `"C2"` works in the background. */
export type ClientId = `C${number}`;
/** A message by its link and the µs in which it was sent: `"S1>S2@15000"`, with `.k` where several were. */
export type MessageName = `${ServerId | ClientId}>${ServerId | ClientId}@${number | string}`;

/** What a run begins with. */
export interface SimulationSetup {
  /** How many servers, 1 to 9; 5 if left out, or as many as `start` has. */
  servers?: number;
  /** What all chance depends on, from 0 to 2⁶⁴ − 1; 1 if left out. */
  seed?: bigint | number | string;
  /** Timings, network, disks, clients, variants of the protocol; what is left out is as usual. */
  options?: OptionChanges;
  /** The rules of Raft that are switched off. */
  rulesOff?: Rule[];
  /**
   * A state to start from, in shorthand: `"S1:L4 1122224 c2 / S2 1113"`; or as in a recording. It need not be one
   * that a run of Raft leads to: {@link Simulation.objections} says what speaks against it.
   */
  start?: string | Start;
}

/** How far {@link Simulation.reach} searches. */
export interface ReachLimits {
  /** The highest term; that of the state if left out, and no less. At most 1,000. */
  terms?: number;
  /** The longest log; that of the state if left out, and no less. At most 1,000. */
  logs?: number;
  /** The most restarts in a run, up to 255; 2 if left out. */
  restarts?: number;
  /** The most messages that are kept on their way at once, up to 255; 1 if left out. */
  messages?: number;
  /** After about how many states to give up, up to 5,000,000; 500,000 if left out. */
  states?: number;
}

/** What {@link Simulation.reach} has found. */
export interface Reached {
  /** A run that leads to the state. */
  recording: Recording | null;
  /** Its steps in words; empty where there is no run. */
  steps: string[];
  /** Why no run leads there, in sentences; empty where nothing is known to speak against the state. */
  objections: string[];
  /** What came of it; where nothing was found, how far the search went and what to do. */
  sentence: string;
}

/** What a run starts with, as in a recording. */
export type Start = "empty" | { state: string };

/** A run as data. */
export interface Recording {
  format: number;
  /** The meaning by which it ran; it grows when the same recording would run differently. */
  semantics: number;
  start: Start;
  setup: Setup;
  actions: StampedAction[];
  end: Stamp;
}

/** How a run that was opened runs here, if not as where it was made. */
export interface Differs {
  sentence: string;
  /** By which semantics it was made. It runs by this version's. */
  semantics: number;
  /** The last place that is known to be the same; missing where the run has no digests to compare with. */
  sameUntil?: { events: number; ms: number };
  /** The first place that is known to differ. */
  by?: { events: number; ms: number };
}

/** A run with its branches, as the page saves it. */
export interface RunDocument {
  /** The version. */
  wavetank: number;
  name?: string;
  branches: {
    name?: string;
    /** The branch that it left, by its place in the list, and after how many events. */
    parent?: number;
    fork?: number;
    recording: Recording;
    marks?: { events: number; digest: string }[];
    captions?: { until: number; text: string }[];
  }[];
  current?: number;
  open?: { events?: number; playing?: boolean };
}

export interface Setup {
  servers: number;
  /** A whole number as text: 64 bits do not survive a JavaScript number. */
  seed: string;
  options: Options;
  rulesOff: Rule[];
}

/** A moment: a time, and after how many events of that time. */
export interface Stamp {
  atUs: number;
  k: number;
}

export interface StampedAction {
  when: Stamp;
  action: Action;
}

/** A range, both ends included. */
export interface RangeUs {
  minUs: number;
  maxUs: number;
}

/** How messages travel. */
export interface Link {
  latency: RangeUs;
  shape: "uniform" | "longTail";
  /** How many in a million are lost. */
  lossPpm: number;
  /** How many in a million arrive twice. */
  duplicatePpm: number;
}

/** Timings, network, disks, clients, variants of the protocol. What has a `?` is off where it is missing. */
export interface Options {
  /** From which range election timeouts are drawn (§5.2). */
  election: RangeUs;
  /** How long a leader may be silent. */
  heartbeatUs: number;
  /** How messages travel. */
  link: Link;
  /** How long a write to the disk takes. */
  fsync: RangeUs;
  /** Whether a leader begins with an entry that does nothing (§8). */
  noop: boolean;
  /** How a leader finds where a log agrees with its own (§5.3). */
  backtracking: "stepByOne" | "conflictHints";
  /** The most entries in one AppendEntries. */
  maxEntries: number;
  clientTimeoutUs: number;
  clientAttempts: number;
  /** How often the background client writes; 0: never. */
  workloadEveryUs: number;
  /** Entries that may be under way to a follower (D10.2.2); 0: no pipelining. */
  window?: number;
  writeBeforeSend?: boolean;
  preVote?: boolean;
  checkQuorum?: boolean;
  stickiness?: boolean;
  lease?: boolean;
  driftPpm?: number;
  catchUpRounds?: number;
  /** Whether a removed leader hands its leadership over before it steps down (D3.10). */
  handOverOnRemoval?: boolean;
  snapshotEvery?: number;
  snapshotChunk?: number;
  sessions?: boolean;
  sessionLife?: number;
  reads?: ReadMode;
  /** Whether the run is restricted to Figure 2 of the paper. */
  paper?: boolean;
}

/** Some of the options; the others stay as they are. */
export type OptionChanges = Partial<Omit<Options, "election" | "link" | "fsync">> & {
  election?: Partial<RangeUs>;
  link?: Partial<Link>;
  fsync?: Partial<RangeUs>;
};

/** How a read is answered (D6.4). */
export type ReadMode = "log" | "readIndex" | "lease" | "local" | "follower";

export type Timer =
  | "election"
  | "heartbeat"
  | "quorum"
  | "stickiness"
  | "leaseA"
  | "leaseB"
  | "transfer"
  | "catchUp";

/** What is asked of the key-value store. */
export type Op =
  | { put: { key: string; value: string } }
  | { get: { key: string } }
  | { delete: { key: string } }
  | { append: { key: string; value: string } }
  | { cas: { key: string; expect: string | null; value: string } }
  | { set: { value: string } }
  | { submit: { text: string } }
  | { increment: { key: string } }
  | { register: { life: number } };

/** A change of the configuration (§6). */
export type Change =
  | { add: ServerId }
  | { learner: ServerId }
  | { remove: ServerId }
  | { joint: { voters: ServerId[]; learners?: ServerId[]; manual?: boolean } }
  | "leave";

/** A way in which links fail. */
export type LinkPreset =
  | "halves"
  | "minorityLeader"
  | "ring"
  | "bridge"
  | "oneWay"
  | "quorumLoss"
  | "constrainedElection"
  | "chained";

/** What background clients ask, and how often. */
export interface Workload {
  /** From C2 on, at most 5; 0: the workload ends. */
  clients: number;
  everyUs?: number;
  readsPpm?: number;
  incrementsPpm?: number;
  /** 5 as usual. */
  keys?: number;
  /** How many requests in a million go to k0; without it all keys are alike. */
  hotPpm?: number;
  /** How reads are answered. */
  mode?: ReadMode;
}

/** What a schedule does again and again; servers, links and halves are drawn from the seed. */
export type Fault = "crash" | "crashLeader" | "pause" | "cut" | "partition" | { links: LinkPreset } | "transfer" | "stallDisk";

/** One thing that is done to the world, as recordings have it. */
export type Action =
  | { crash: { server: ServerId } }
  | { restart: { server: ServerId } }
  | { pause: { server: ServerId } }
  | { resume: { server: ServerId } }
  | { fire: { server: ServerId; timer: Timer } }
  | { stepDown: { server: ServerId } }
  /** With `empty` a leader's heartbeat, also where entries wait. */
  | { send: { from: ServerId; to: ServerId; empty?: boolean } }
  | { drop: { message: MessageName } }
  | { deliver: { message: MessageName } }
  | { hold: { message: MessageName } }
  | { release: { message: MessageName } }
  | { duplicate: { message: MessageName } }
  | { cut: { from: ServerId; to: ServerId } }
  | { mend: { from: ServerId; to: ServerId } }
  | { partition: { groups: ServerId[][] } }
  | "heal"
  | { setLink: { from?: ServerId; to?: ServerId; link: Partial<Link> } }
  | { mislead: { leader: ServerId; follower: ServerId; next: number } }
  | { setOptions: { options: Partial<Options> } }
  | { setRules: { off: Rule[] } }
  | { manual: { on: boolean } }
  | { propose: { server: ServerId; op: Op } }
  | { submit: { op: Op; to?: ServerId; mode?: ReadMode } }
  | { boot: { server: ServerId } }
  | { change: { change: Change; at?: ServerId } }
  | { transfer: { to: ServerId; at?: ServerId } }
  | { snapshot: { server: ServerId } }
  | { tear: { server: ServerId } }
  | { wipe: { server: ServerId } }
  | { setClock: { server: ServerId; ppm: number } }
  /** Without `fsync` a write takes as long as the options say for all disks. */
  | { setDisk: { server: ServerId; lies: boolean; fsync?: RangeUs } }
  /** For so long no write becomes durable. */
  | { stallDisk: { server: ServerId; forUs: number } }
  | { linkPreset: { preset: LinkPreset } }
  | { schedule: { fault: Fault; everyUs: number; forUs?: number } }
  | "calm"
  | { workload: Workload };

/** An action in short: `{ crash: "S1" }` for `{ crash: { server: "S1" } }`. */
export type ShortAction =
  | { crash: ServerId }
  | { restart: ServerId }
  | { pause: ServerId }
  | { resume: ServerId }
  /** The election timer. */
  | { fire: ServerId }
  | { stepDown: ServerId }
  | { boot: ServerId }
  | { snapshot: ServerId }
  | { tear: ServerId }
  | { wipe: ServerId }
  | { drop: MessageName }
  | { deliver: MessageName }
  | { hold: MessageName }
  | { release: MessageName }
  | { duplicate: MessageName }
  /** From the first to the second. */
  | { send: [ServerId, ServerId] }
  | { cut: [ServerId, ServerId] }
  | { mend: [ServerId, ServerId] }
  | { partition: ServerId[][] }
  | { linkPreset: LinkPreset }
  | { heal: true }
  | { calm: true }
  | { setRules: Rule[] }
  /** Only what is named changes; with `options` around it everything else is as usual then. */
  | { setOptions: OptionChanges }
  | { manual: boolean }
  | { submit: Op }
  | { change: Change }
  | { transfer: ServerId };

/** What {@link Simulation.act} takes. */
export type ActionInput = Action | ShortAction;

/** Everything that can be seen of a run at a moment. */
export interface State {
  nowUs: number;
  events: number;
  seed: string;
  /** Whether time stands still. */
  manual: boolean;
  /** The servers that lead, in their own opinion, and run. */
  leaders: ServerId[];
  /** S1 first. */
  servers: ServerState[];
  /** On their way. */
  messages: MessageState[];
  clients: ClientState[];
  /** By server: who does not hear it. Only servers that someone does not hear. */
  cuts: Partial<Record<ServerId, ServerId[]>>;
  /** What the world does by itself, again and again. */
  schedules: Schedule[];
  /** What background clients ask, where it is not what the options say. */
  workload: Workload | null;
  violations: Violation[];
}

/** A schedule in force. */
export interface Schedule {
  fault: Fault;
  everyUs: number;
  /** For how long each time; without it, for good. */
  forUs?: number;
  nextUs: number;
  /** How often it has done it, or tried to. */
  done: number;
}

export type Role = "follower" | "candidate" | "leader" | "preCandidate";

/** A server in brief. */
export interface Brief {
  /** Whether it runs (paused or not), or has crashed. */
  up: boolean;
  paused: boolean;
  role: Role;
  /** currentTerm */
  term: number;
  votedFor: ServerId | null;
  /** Who leads, as far as it knows. */
  leader: ServerId | null;
  lastIndex: number;
  lastTerm: number;
  /** Up to here the log is on disk. */
  durableIndex: number;
  /** commitIndex */
  commit: number;
  /** lastApplied */
  applied: number;
  /** The first entry that the log still has: the one after the snapshot. */
  firstIndex: number;
  configuration: Configuration;
  /** To whom it hands its leadership over. */
  transferring: ServerId | null;
}

export interface ServerState extends Brief {
  id: ServerId;
  log: EntryState[];
  /** Who has granted a candidate its vote. */
  votes: ServerId[] | null;
  /** What a leader knows of the others. */
  progress: Partial<Record<ServerId, Progress>>;
  /** What the state machine holds. */
  store: Record<string, string>;
  /** How many messages wait for its disk. */
  waiting: number;
}

export interface EntryState {
  index: number;
  term: number;
  /** In short; `null` for a no-op. */
  command: string | null;
}

export interface Progress {
  /** nextIndex */
  next: number;
  /** matchIndex */
  matched: number;
  mode: { probe: { sent: boolean } } | "replicate" | { snapshot: { offset: number } };
  round: number;
}

export interface MessageState {
  name: MessageName;
  arrivesUs: number;
  held: boolean;
  /** Why it will not arrive, if it will not. */
  doomed: DropReason | null;
  content: Content;
}

export interface ClientState {
  id: ClientId;
  /** Whom it believes to lead. */
  believes: ServerId;
  waitsFor: number | null;
  queued: number;
  /** Its last requests that are over, newest at the end. */
  finished: Finished[];
}

/** Whose votes and acknowledgements count. What is missing is empty, or false. */
export interface Configuration {
  voters?: ServerId[];
  outgoing?: ServerId[];
  learners?: ServerId[];
  autoLeave?: boolean;
}

export type DropReason = "lost" | "cut" | "down" | "byHand";

/** What travels. */
export type Content =
  | { raft: { from: ServerId; to: ServerId; term: number; body: Body } }
  | { request: { serial: number; op: Op; session?: boolean; mode?: ReadMode } }
  | { response: { serial: number; answer: Answer } };

/** What servers say to each other. */
export type Body =
  | { requestVote: { lastIndex: number; lastTerm: number; transfer?: boolean } }
  | { requestVoteReply: { asked: number; granted: boolean } }
  | { preVote: { asked: number; lastIndex: number; lastTerm: number } }
  | { preVoteReply: { asked: number; granted: boolean } }
  | {
      appendEntries: {
        prevIndex: number;
        prevTerm: number;
        entries: Entry[] | null;
        leaderCommit: number;
        round?: number;
      };
    }
  | {
      appendEntriesReply: {
        asked: number;
        prevIndex: number;
        count: number;
        outcome: "success" | "stale" | { mismatch: { hint: { term: number | null; index: number } | null } };
        round?: number;
      };
    }
  | {
      installSnapshot: {
        lastIndex: number;
        lastTerm: number;
        configuration: Configuration;
        offset: number;
        data: number[];
        done: boolean;
        round?: number;
      };
    }
  | {
      installSnapshotReply: {
        asked: number;
        lastIndex: number;
        offset: number;
        outcome: "stale" | { more: { offset: number } } | "installed";
        round?: number;
      };
    }
  | { readIndex: { read: number } }
  | { readIndexReply: { asked: number; read: number; index: number | null } }
  | "timeoutNow";

/** An entry as messages carry it; a command is bytes to Raft. */
export interface Entry {
  term: number;
  payload: "noop" | { command: number[] } | { configuration: Configuration };
}

export type Answer = { done: Output } | { notLeader: ServerId | null } | "erased";

/** What the store answers. */
export type Output =
  | "done"
  | { value: string | null }
  | { cas: { swapped: boolean; was: string | null } }
  | "noSession"
  | "outdated";

/** What a client knows about a request that it no longer waits for. */
export interface Finished {
  client: ClientId;
  serial: number;
  op: Op;
  calledUs: number;
  returnedUs: number;
  /** `unknown`: it may have been done, may be done later, or never. */
  outcome: { done: Output } | "failed" | "unknown";
}

/** One thing that happened. */
export interface SimulationEvent {
  id: number;
  atUs: number;
  what: What;
  server: ServerId | null;
  /** The events without which it would not have happened, or not then. */
  causes: [number | null, number | null];
  /** What the server decided, in order. */
  guards: Guard[];
  change: { before: Brief; after: Brief; logFrom: number | null } | null;
  /** The messages that left. */
  sent: MessageName[];
  /** How many messages wait for the disk because of this event. */
  waiting: number;
  /** The write that was asked for. */
  wrote: number | null;
  /** What a client now knows. */
  finished: Finished | null;
}

export type What =
  | { acted: { action: Action; refused: Refusal | null } }
  | { fired: { timer: Timer } }
  | { delivered: { message: MessageName; content: Content } }
  | { dropped: { message: MessageName; content: Content; reason: DropReason } }
  | { queued: { message: MessageName; content: Content } }
  | { synced: { token: number } }
  | { woke: { client: ClientId; serial: number; timedOut: boolean } }
  | { ticked: { client: ClientId } };

/** Why an action did nothing. */
export type Refusal =
  | { noSuchServer: { server: ServerId; servers: number } }
  | { down: { server: ServerId } }
  | { up: { server: ServerId } }
  | { paused: { server: ServerId } }
  | { notPaused: { server: ServerId } }
  | { noTimer: { server: ServerId; timer: Timer } }
  | { follows: { server: ServerId } }
  | { notLeader: { server: ServerId } }
  | { nothingToSend: { server: ServerId; peer: ServerId } }
  | { noSuchMessage: { message: MessageName } }
  | { held: { message: MessageName } }
  | { notHeld: { message: MessageName } }
  | "clientLink"
  | { receiverGone: { receiver: ServerId | ClientId } }
  | { sameServer: { server: ServerId } }
  | "noLeader"
  | { retired: { server: ServerId } }
  | "full"
  | { declined: { server: ServerId; why: Declined } }
  | "beyondPaper"
  | "already"
  | { nonsense: { why: string } };

/** Why a server does not do what it was asked for. */
export type Declined =
  | "notLeader"
  | { transferring: { to: ServerId } }
  | "leads"
  | { noVoter: { server: ServerId } }
  | { changeUnderWay: { index: number } }
  | "nothingOfOwnTerm"
  | { catchingUp: { server: ServerId } }
  | { change: "noChange" | "noVoters" | "joint" | "notJoint" | "both" }
  | "nothingToCompact";

/** What one decision compared, and how it came out. */
export interface Guard {
  rule: Rule;
  /** Whether the rule was in force. */
  on: boolean;
  /** Whether the condition held, or both choices were the same. */
  held: boolean;
  left: GuardValue;
  right: GuardValue;
}

export type GuardValue =
  | { flag: boolean }
  | { count: number }
  | { term: number }
  | { entryTerm: number | null }
  | { index: number }
  | { end: [term: number, index: number] }
  | { server: ServerId | null }
  | { servers: ServerId[] }
  | { rangeUs: [min: number, max: number] }
  | { write: number | null }
  | { round: number }
  | { configuration: Configuration };

/** A fact that the sentence of an event claims: so after the event and, where it is new, not so before it. */
export type Claim =
  /** A server has become that. */
  | { claim: "role"; server: ServerId; role: Role; term: number; because: Because }
  | { claim: "term"; server: ServerId; from: number; to: number }
  /** A server answers a candidate; `pre`: whether it would vote so (D9.6). */
  | { claim: "vote"; voter: ServerId; candidate: ServerId; asked: number; granted: boolean; pre: boolean }
  /** What a candidate has counted: by whom, which of these for an older term, how many with copies. */
  | {
      claim: "votes";
      candidate: ServerId;
      voters: ServerId[];
      stale: ServerId[];
      counted: number;
      majority: boolean;
      pre: boolean;
    }
  | { claim: "append"; follower: ServerId; leader: ServerId; accepted: boolean }
  /** What became of entries. */
  | {
      claim: "entries";
      server: ServerId;
      from: number;
      to: number;
      fate: "stored" | "present" | "deleted" | "cut" | "kept" | "lost";
    }
  | { claim: "commit"; server: ServerId; from: number; to: number }
  /** Where a leader counts its log up to an entry. */
  | { claim: "copies"; leader: ServerId; index: number; on: ServerId[]; majority: boolean }
  /** Whether a leader lowers nextIndex. */
  | { claim: "retries"; leader: ServerId; follower: ServerId; lowered: boolean }
  /** Whom a leader counts as heard since its last check of the quorum (D6.2). */
  | { claim: "heard"; leader: ServerId; heard: ServerId[]; majority: boolean }
  /** The election timer has started again; nothing has changed; something waits for the disk. */
  | { claim: "electionTimer" | "unchanged" | "waits"; server: ServerId }
  | { claim: "sends"; server: ServerId; to: ServerId[] }
  /** What is on a server's disk, or what its disk says that is. */
  | { claim: "durable"; server: ServerId; what: Written; lies: boolean }
  /** A configuration is in force, or committed. */
  | { claim: "configuration"; server: ServerId; configuration: Configuration; committed: boolean }
  | { claim: "snapshot"; server: ServerId; upto: number; installed: boolean }
  | { claim: "transfer"; leader: ServerId; to: ServerId; caughtUp: boolean }
  | { claim: "read"; server: ServerId; client: ClientId; confirmed: boolean }
  | { claim: "asks"; client: ClientId; server: ServerId }
  | { claim: "up"; server: ServerId; up: boolean };

/** Why a server has become something else. */
export type Because =
  | { why: "higherTerm"; saw: number; own: number }
  | { why: "leader"; leader: ServerId; term: number }
  | { why: "voted"; candidate: ServerId }
  | { why: "asked"; leader: ServerId }
  | { why: "votes" | "timeout" | "noQuorum" | "removed" | "hand" };

/** What a write was about. */
export type Written =
  | { of: "log"; upto: number }
  | { of: "term"; term: number; vote: ServerId | null }
  | { of: "snapshot"; upto: number }
  | { of: "other" };

/** A promise that was broken. */
export interface Violation {
  property: Property;
  /** The event after which it no longer held. */
  event: number;
  atUs: number;
  /** The servers that make it so. */
  servers: ServerId[];
  index: number | null;
  /** The values that make it so. */
  values: { label: string; text: string }[];
  /** The events that make it so, in the order in which they happened. */
  events: number[];
  /** What is wrong. */
  sentence: string;
}

/** What Raft promises: Figure 3 of the paper first. */
export type Property =
  | "electionSafety"
  | "leaderAppendOnly"
  | "logMatching"
  | "leaderCompleteness"
  | "stateMachineSafety"
  | "monotone"
  | "durableCommit"
  | "oneVote"
  | "order"
  | "latestConfiguration"
  | "atMostOnce"
  | "linearizability"
  | "liveness";

/** A rule of Raft that can be switched off. `wavetank rules` and the page say what happens then. */
export type Rule =
  | "stepDownOnHigherTerm"
  | "dropStaleReplies"
  | "randomisedTimeouts"
  | "voteTimerOnlyOnGrant"
  | "appendTimerOnlyCurrent"
  | "refuseStaleVoteRequest"
  | "oneVotePerTerm"
  | "voteKeptWithinTerm"
  | "logUpToDate"
  | "lastTermFirst"
  | "lengthBreaksTies"
  | "quorumOfAll"
  | "candidateStepsBack"
  | "refuseStaleAppend"
  | "prevLogIndex"
  | "prevLogTerm"
  | "heartbeatChecked"
  | "deleteConflicts"
  | "truncateOnlyOnConflict"
  | "newTailReplacesSuffix"
  | "commitUpToLastNew"
  | "matchFromRequest"
  | "leaderCountsSelfWhenDurable"
  | "commitAfterQuorum"
  | "commitOnlyCurrentTerm"
  | "replyAfterFsync"
  | "termSurvivesCrash"
  | "voteSurvivesCrash"
  | "logSurvivesCrash"
  | "termAndVoteTogether"
  | "checksumEndsLog"
  | "freshIdentity"
  | "preVote"
  | "checkQuorum"
  | "stickiness"
  | "transferWaitsForCatchUp"
  | "configurationOnAppend"
  | "oneChangeAtATime"
  | "changeAfterOwnTermCommit"
  | "jointPhase"
  | "learnersNotCounted"
  | "learnersCatchUpFirst"
  | "leaderOutsideNotCounted"
  | "removedLeaderStepsDownAfterCommit"
  | "snapshotOnlyIfNewer"
  | "snapshotKeepsSuffix"
  | "snapshotCarriesConfiguration"
  | "snapshotCarriesSessions"
  | "sessions"
  | "readConfirmed"
  | "readAfterOwnTermCommit"
  | "leaseBoundedByDrift"
  | "leaseGivenUpOnTransfer"
  | "leaseNeedsStickiness"
  | "restartedVoterWaits"
  | "countVotesOnce"
  | "preVoteLogUpToDate";
