import Glibc

/// A few threads that run the same work side by side, each with its own index. None exists until the first ``run()``; they end with the pool.
///
/// After a fork the child has none of its parent's threads: the pool notices and starts its own.
@safe final class ThreadPool {
  /// What the threads share; outlives the pool until the last thread has ended.
  @safe private final class Shared: @unchecked Sendable {  // every field is read and written with the mutex held, but for the pointers
    @unsafe let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    @unsafe let started = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    @unsafe let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    let work: (Int) -> Void
    var round = 0
    var left = 0
    var stopping = false

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

    func locked<Result>(_ body: () -> Result) -> Result {
      // SAFETY: initialised in init, destroyed in deinit only.
      unsafe pthread_mutex_lock(mutex)
      defer { unsafe pthread_mutex_unlock(mutex) }
      return body()
    }
  }

  /// What a thread is started with.
  private final class Start {
    let shared: Shared
    let index: Int
    let round: Int

    init(_ shared: Shared, index: Int, round: Int) {
      self.shared = shared
      self.index = index
      self.round = round
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
  func run() {
    if process != getpid() { start() }
    guard let shared, !running.isEmpty else {
      for index in 0..<threads { work(index) }
      return
    }
    let helpers = running.count
    shared.locked {
      shared.round += 1
      shared.left = helpers
      // SAFETY: see Shared.locked.
      _ = unsafe pthread_cond_broadcast(shared.started)
    }
    work(0)
    for index in (helpers + 1)..<max(threads, helpers + 1) { work(index) }
    shared.locked {
      // SAFETY: see Shared.locked.
      while shared.left > 0 { unsafe pthread_cond_wait(shared.finished, shared.mutex) }
    }
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
      let argument = unsafe Unmanaged.passRetained(Start(shared, index: index, round: 0))
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
    var round = start.round
    while true {
      let stopping = shared.locked { () -> Bool in
        // SAFETY: see Shared.locked.
        while shared.round == round && !shared.stopping { unsafe pthread_cond_wait(shared.started, shared.mutex) }
        round = shared.round
        return shared.stopping
      }
      if stopping { return }
      shared.work(start.index)
      shared.locked {
        shared.left -= 1
        // SAFETY: see Shared.locked.
        if shared.left == 0 { _ = unsafe pthread_cond_signal(shared.finished) }
      }
    }
  }

  private func stop() {
    guard let shared, process == getpid() else { return }
    shared.locked {
      shared.stopping = true
      // SAFETY: see Shared.locked.
      _ = unsafe pthread_cond_broadcast(shared.started)
    }
    // SAFETY: each thread was created by start and is joined once.
    for thread in running { pthread_join(thread, nil) }
  }
}
