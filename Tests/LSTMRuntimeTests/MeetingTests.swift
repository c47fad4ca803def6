import Synchronization
import Testing

@testable import LSTMRuntime

@Suite struct `Threads that share steps` {
  @Test func `leave no part to one that does not come`() {
    let meeting = Meeting(parts: 3)
    for step in 0..<50 {
      var done: [Int] = []
      meeting.share(own: 1, step: step) { done.append($0) }
      #expect(done.sorted() == [0, 1, 2] && done[0] == 1)
      #expect(meeting.isOver(step: step) && !meeting.isOver(step: step + 1))
    }
  }

  @Test func `do each part once, and no step before the one before it`() {
    let (threads, steps) = (4, 500)
    let meeting = Meeting(parts: threads)
    let parts = Counts(threads)
    let early = Atomic<Int>(0)
    let pool = ThreadPool(threads: threads) { index in
      for step in 0..<steps {
        meeting.share(own: index, step: step) { part in
          for other in 0..<threads where parts[other] < step { early.add(1, ordering: .relaxed) }
          parts.add(part)
        }
      }
    }
    for _ in 0..<3 {
      meeting.reset()
      parts.clear()
      pool.run()
      #expect((0..<threads).allSatisfy { parts[$0] == steps })
    }
    #expect(early.load(ordering: .relaxed) == 0)
  }

  @Test func `run every index once in each round, whoever runs it`() {
    let threads = 5
    let counts = Counts(threads)
    let pool = ThreadPool(threads: threads) { counts.add($0) }
    for round in 1...2_000 {
      pool.run()
      if round % 100 == 0 { #expect((0..<threads).allSatisfy { counts[$0] == round }) }
    }
  }
}

/// A few numbers that several threads count up.
private final class Counts: Sendable {
  private let all: Mutex<[Int]>

  init(_ count: Int) { all = Mutex([Int](repeating: 0, count: count)) }

  subscript(index: Int) -> Int { all.withLock { $0[index] } }

  func add(_ index: Int) { all.withLock { $0[index] += 1 } }

  func clear() { all.withLock { numbers in for index in numbers.indices { numbers[index] = 0 } } }
}
