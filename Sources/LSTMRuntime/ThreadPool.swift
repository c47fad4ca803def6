import CSupport
import Glibc
import Synchronization

/// A few threads that run the same work side by side, each with its own index. None exists until the first ``run()``; they end with the pool.
///
/// A thread without work looks for it for a while before it sleeps: handing over to one that is awake takes less than a microsecond, waking one
/// fifty. After a fork the child has none of its parent's threads: the pool notices and starts its own.
@safe final class ThreadPool {
  /// How often a thread looks before it sleeps: some 30 µs.
  private static let looks = 1_000

  /// What the threads share; outlives the pool until the last thread has ended.
  @safe private final class Shared: @unchecked Sendable {  // the atomics are, the pointers never change, the work is told apart by its index
    @unsafe let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    @unsafe let started = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    @unsafe let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    let work: (Int) -> Void
    /// Counts the rounds; a thread that sees a new number works.
    let round = Atomic<Int>(0)
    /// Threads at work.
    let left = Atomic<Int>(0)
    /// Threads asleep, and whether the caller is.
    let asleep = Atomic<Int>(0)
    let callerAsleep = Atomic<Bool>(false)
    let stopping = Atomic<Bool>(false)

    init(_ work: @escaping (Int) -> Void) {
      self.work = work
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

    /// Starts a round: wakes the threads that sleep.
    ///
    /// A thread counts itself asleep before it looks for the last time, and this looks for sleepers after the round has changed: one sees the other.
    func begin() {
      round.add(1, ordering: .sequentiallyConsistent)
      guard asleep.load(ordering: .sequentiallyConsistent) > 0 else { return }
      // SAFETY: see locked.
      locked { _ = unsafe pthread_cond_broadcast(started) }
    }

    /// Waits for another round than `seen` and returns its number.
    func next(after seen: Int) -> Int {
      for _ in 0..<ThreadPool.looks {
        let now = round.load(ordering: .acquiring)
        if now != seen { return now }
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

    /// A thread has finished its work.
    func end() {
      guard left.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 else { return }
      guard callerAsleep.load(ordering: .sequentiallyConsistent) else { return }
      // SAFETY: see locked.
      locked { _ = unsafe pthread_cond_signal(finished) }
    }

    /// Waits until all threads have finished.
    func join() {
      for _ in 0..<ThreadPool.looks {
        if left.load(ordering: .acquiring) == 0 { return }
        lstm_support_pause()
      }
      locked {
        callerAsleep.store(true, ordering: .sequentiallyConsistent)
        // SAFETY: see locked.
        while left.load(ordering: .sequentiallyConsistent) > 0 { unsafe pthread_cond_wait(finished, mutex) }
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
  private var running: [pthread_t] = []
  private var process: pid_t = 0

  /// A pool whose run calls `work` with 0 ..< `threads`; index 0 on the calling thread.
  init(threads: Int, work: @escaping (Int) -> Void) {
    self.threads = threads
    self.work = work
  }

  deinit { stop() }

  /// Runs the work on all threads and returns when each has finished. A thread that cannot be had is done without.
  ///
  /// The pieces may wait for each other only if ``startsAll`` is true.
  func run() {
    if process != getpid() { start() }
    guard let shared, !running.isEmpty else {
      for index in 0..<threads { work(index) }
      return
    }
    let helpers = running.count
    shared.left.store(helpers, ordering: .relaxed)
    shared.begin()
    work(0)
    for index in (helpers + 1)..<max(threads, helpers + 1) { work(index) }
    shared.join()
  }

  /// Starts the threads if need be and tells whether all of them could be had.
  var startsAll: Bool {
    if process != getpid() { start() }
    return running.count == threads - 1
  }

  private func start() {
    // In a forked child the parent's threads do not exist; what they shared is left alone.
    let shared = Shared(work)
    self.shared = shared
    running = []
    process = getpid()
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
    var round = 0
    while true {
      round = shared.next(after: round)
      if shared.stopping.load(ordering: .acquiring) { return }
      shared.work(start.index)
      shared.end()
    }
  }

  private func stop() {
    guard let shared, process == getpid() else { return }
    shared.stopping.store(true, ordering: .sequentiallyConsistent)
    shared.begin()
    // SAFETY: each thread was created by start and is joined once.
    for thread in running { pthread_join(thread, nil) }
  }
}
