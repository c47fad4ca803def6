/// A piece of work that several threads do together, each its part of the outputs.
class TeamTask {
  /// Does part `index` of `count`.
  func part(_ index: Int, of count: Int) {}
}

/// Threads that work on one row together: each computes some of the units, none a part of a sum, so that the numbers are those of one thread.
@safe final class Team {
  /// What the threads look at; not the team, which would keep itself alive. The task is not counted as used: several threads would count at once.
  @safe private final class Board {
    @unsafe var task: Unmanaged<TeamTask>?
  }

  /// How many threads take part.
  let threads: Int
  /// Where the threads share the steps of a task. A task that uses it begins with a reset.
  let meeting: Meeting
  private let board = Board()
  private let pool: ThreadPool

  /// A team of `threads` threads, 2 or more; none is started yet.
  init(threads: Int) {
    self.threads = threads
    meeting = Meeting(parts: threads)
    let board = board
    pool = ThreadPool(threads: threads) { index in
      // SAFETY: run keeps the task until all parts are done.
      unsafe board.task?._withUnsafeGuaranteedRef { $0.part(index, of: threads) }
    }
  }

  /// Runs all parts of a task and returns when each has finished. Parts may not wait for each other: one thread may do them one after the other.
  func run(_ task: TeamTask) {
    withExtendedLifetime(task) {
      unsafe board.task = Unmanaged.passUnretained(task)
      pool.run()
      unsafe board.task = nil
    }
  }
}
