import CSupport
import Glibc
import Synchronization

/// A few threads that run the same work side by side, each with its own index. None exists until the first ``run()``; they end with the pool.
///
/// A thread without work looks for it for a while before it sleeps: handing over to one that is awake takes less than a microsecond, waking one
/// fifty. What a thread has not begun when the caller is through with its own work, the caller does itself: a thread that the system keeps waiting
/// holds nobody up. After a fork the child has none of its parent's threads: the pool notices and starts its own.
@safe final class ThreadPool {

  /// What the threads share; outlives the pool until the last thread has ended.
  @safe private final class Shared: @unchecked Sendable {  // the atomics are, the pointers never change, the work is told apart by its index
    @unsafe let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    @unsafe let started = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    @unsafe let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    let work: (Int) -> Void
    /// Counts the rounds; a thread that sees a new number looks whether its work is still to be done.
    let round = Atomic<Int>(0)
    /// Who does what: a round is a step, an index a part.
    let meeting: Meeting
    /// Threads asleep, and whether the caller is.
    let asleep = Atomic<Int>(0)
    let callerAsleep = Atomic<Bool>(false)
    let stopping = Atomic<Bool>(false)
    /// The processors that the caller and, of the others, the last one to find work ran on.
    let callerPlace = Atomic<CInt>(-1)
    let otherPlace = Atomic<CInt>(-1)

    init(threads: Int, _ work: @escaping (Int) -> Void) {
      self.work = work
      meeting = Meeting(parts: threads)
      // SAFETY: freshly allocated, initialised before any thread exists.
      unsafe pthread_mutex_init(mutex, nil)
      unsafe pthread_cond_init(started, nil)
      unsafe pthread_cond_init(finished, nil)
    }

    deinit {
      // SAFETY: the last owner; no thread waits on them any more.
      unsafe pthread_cond_destroy(started)
      unsafe pthread_cond_destroy(finished)
      unsafe pthread_mutex_destroy(mutex)
      unsafe started.deallocate()
      unsafe finished.deallocate()
      unsafe mutex.deallocate()
    }

    func locked(_ body: () -> Void) {
      // SAFETY: initialised in init, destroyed in deinit only.
      unsafe pthread_mutex_lock(mutex)
      defer { unsafe pthread_mutex_unlock(mutex) }
      body()
    }

    /// Whether two threads are on the same processor, where looking for the other only keeps it from its work.
    private func isShared(_ one: CInt, _ other: CInt) -> Bool { one == other && one >= 0 }

    // Written only if they change: others read them all the time.

    private func noteCaller() {
      let here = lstm_support_processor()
      if callerPlace.load(ordering: .relaxed) != here { callerPlace.store(here, ordering: .relaxed) }
    }

    func noteOther() {
      let here = lstm_support_processor()
      if otherPlace.load(ordering: .relaxed) != here { otherPlace.store(here, ordering: .relaxed) }
    }

    /// Starts a round: wakes the threads that sleep.
    ///
    /// A thread counts itself asleep before it looks for the last time, and this looks for sleepers after the round has changed: one sees the other.
    func begin() {
      noteCaller()
      round.add(1, ordering: .sequentiallyConsistent)
      guard asleep.load(ordering: .sequentiallyConsistent) > 0 else { return }
      // SAFETY: see locked.
      locked { _ = unsafe pthread_cond_broadcast(started) }
    }

    /// Waits for another number of rounds than `seen` and returns it.
    func next(after seen: Int) -> Int {
      for _ in 0..<LSTM_SUPPORT_LOOKS {
        let now = round.load(ordering: .acquiring)
        if now != seen { return now }
        if isShared(callerPlace.load(ordering: .relaxed), lstm_support_processor()) { break }
        lstm_support_pause()
      }
      locked {
        asleep.add(1, ordering: .sequentiallyConsistent)
        // SAFETY: see locked.
        while round.load(ordering: .sequentiallyConsistent) == seen { unsafe pthread_cond_wait(started, mutex) }
        asleep.subtract(1, ordering: .sequentiallyConsistent)
      }
      return round.load(ordering: .acquiring)
    }

    /// Does what belongs to an index in a round, unless somebody else does.
    func take(_ index: Int, round: Int) {
      guard meeting.claim(index, step: round) else { return }
      work(index)
      meeting.end()
      guard callerAsleep.load(ordering: .sequentiallyConsistent) else { return }
      // SAFETY: see locked.
      locked { _ = unsafe pthread_cond_signal(finished) }
    }

    /// Waits until all work of a round is done; does what nobody has begun after a while.
    func join(round: Int, threads: Int) {
      let isAlone = isShared(otherPlace.load(ordering: .relaxed), callerPlace.load(ordering: .relaxed))
      for looks in 0..<LSTM_SUPPORT_LOOKS {
        if meeting.isOver(step: round) { return }
        if isAlone || looks % 64 == 63 { for index in 1..<threads { take(index, round: round) } }
        if isAlone { break }
        lstm_support_pause()
      }
      locked {
        callerAsleep.store(true, ordering: .sequentiallyConsistent)
        // SAFETY: see locked.
        while !meeting.isOver(step: round) { unsafe pthread_cond_wait(finished, mutex) }
        callerAsleep.store(false, ordering: .sequentiallyConsistent)
      }
    }
  }

  /// What a thread is started with.
  private final class Start {
    let shared: Shared
    let index: Int

    init(_ shared: Shared, index: Int) {
      self.shared = shared
      self.index = index
    }
  }

  private let threads: Int
  private let work: (Int) -> Void
  private var shared: Shared?
  /// Rounds that are over.
  private var rounds = 0
  private var running: [pthread_t] = []
  /// Forks before the threads were started.
  private var forks: CInt = -1

  /// A pool whose run calls `work` with 0 ..< `threads`; index 0 on the calling thread.
  init(threads: Int, work: @escaping (Int) -> Void) {
    self.threads = threads
    self.work = work
  }

  deinit { stop() }

  /// Runs the work for all indices and returns when each is done. A thread that cannot be had, or does not come, is done without: the pieces may
  /// not wait for each other.
  func run() {
    if forks != lstm_support_forks() { start() }
    guard let shared, !running.isEmpty else {
      for index in 0..<threads { work(index) }
      return
    }
    shared.begin()
    shared.take(0, round: rounds)
    shared.join(round: rounds, threads: threads)
    rounds += 1
  }

  private func start() {
    // In a forked child the parent's threads do not exist; what they shared is left alone.
    let shared = Shared(threads: threads, work)
    self.shared = shared
    rounds = 0
    running = []
    forks = lstm_support_forks()
    for index in 1..<threads {
      var thread = pthread_t()
      // SAFETY: the thread takes over the reference and releases it when it ends.
      let argument = unsafe Unmanaged.passRetained(Start(shared, index: index))
      let failed = unsafe pthread_create(
        &thread, nil,
        { argument in
          if let argument = unsafe argument {
            ThreadPool.loop(unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue())
          }
          return nil
        }, argument.toOpaque())
      guard failed == 0 else {
        unsafe argument.release()
        return
      }
      running.append(thread)
    }
  }

  private static func loop(_ start: Start) {
    let shared = start.shared
    var rounds = 0
    while true {
      rounds = shared.next(after: rounds)
      if shared.stopping.load(ordering: .acquiring) { return }
      shared.noteOther()
      shared.take(start.index, round: rounds - 1)
    }
  }

  private func stop() {
    guard let shared, forks == lstm_support_forks() else { return }
    shared.stopping.store(true, ordering: .sequentiallyConsistent)
    shared.begin()
    // SAFETY: each thread was created by start and is joined once.
    for thread in running { pthread_join(thread, nil) }
  }
}
