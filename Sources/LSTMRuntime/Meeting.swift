import CSupport

/// Where threads share a row of steps, each cut into parts: see `lstm_meeting_word`. Belongs to threads that a ``ThreadPool`` runs.
@safe final class Meeting: @unchecked Sendable {  // its words are read and written by atomic operations only, but for reset
  /// Parts of each step.
  let parts: Int
  @unsafe private let words: UnsafeMutablePointer<lstm_meeting_word>

  /// A meeting for steps of `parts` parts, before step 0.
  init(parts: Int) {
    self.parts = parts
    let size = unsafe MemoryLayout<lstm_meeting_word>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: (1 + parts) * size, alignment: size)
    // SAFETY: allocated just above for 1 + parts words.
    unsafe words = memory.bindMemory(to: lstm_meeting_word.self, capacity: 1 + parts)
    reset()
  }

  deinit {
    // SAFETY: allocated in init, freed once.
    unsafe words.deallocate()
  }

  /// Goes back to before step 0. No other thread may look at the meeting.
  func reset() {
    // SAFETY: 1 + parts words belong to the meeting.
    unsafe words.update(repeating: lstm_meeting_word(), count: 1 + parts)
  }

  /// Whether the part of this step is the caller's: nobody had claimed it.
  func claim(_ part: Int, step: Int) -> Bool {
    precondition(part >= 0 && part < parts, "a part that there is not")
    // SAFETY: checked above.
    return unsafe lstm_meeting_claim(words, Int64(part), Int64(step)) != 0
  }

  /// A claimed part is done.
  func end() {
    // SAFETY: the meeting's memory.
    unsafe lstm_meeting_end(words)
  }

  /// Whether all parts of a step are done; then the caller sees what they wrote.
  func isOver(step: Int) -> Bool {
    // SAFETY: the meeting's memory.
    unsafe lstm_meeting_over(words, Int64(parts), Int64(step)) != 0
  }

  /// Does parts of a step, the caller's `own` and those that others do not come to, and returns when the step is over.
  func share(own: Int, step: Int, _ work: (Int) -> Void) {
    precondition(own >= 0 && own < parts, "a part that there is not")
    var alone: Int32 = 0
    while true {
      // SAFETY: checked above.
      let part = unsafe lstm_meeting_next(words, Int64(parts), Int64(own), Int64(step), &alone)
      if part < 0 { return }
      work(Int(part))
      end()
    }
  }

  /// The words, for kernels.
  @unsafe var place: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(words) }
}

/// One thread's share of steps that several do together: its meeting, and the part that it does if all are there.
struct Share {
  let meeting: Meeting
  let own: Int
}
