/// A piece of work that several threads do together, each its part of the outputs.
class TeamTask {
  /// Does part `index` of `count`.
  func part(_ index: Int, of count: Int) {}
}

/// Threads that work on one row together: each computes some of the units, none a part of a sum, so that the numbers are those of one thread.
final class Team {
  /// What the threads look at; not the team, which would keep itself alive.
  private final class Board {
    var task: TeamTask?
  }

  /// How many threads take part.
  let threads: Int
  private let board = Board()
  private let pool: ThreadPool

  /// A team of `threads` threads, 2 or more; none is started yet.
  init(threads: Int) {
    self.threads = threads
    let board = board
    pool = ThreadPool(threads: threads) { board.task?.part($0, of: threads) }
  }

  /// Whether all threads can be had: parts that wait for each other need them.
  var isComplete: Bool { pool.startsAll }

  /// Runs all parts of a task and returns when each has finished.
  func run(_ task: TeamTask) {
    board.task = task
    pool.run()
    board.task = nil
  }
}
