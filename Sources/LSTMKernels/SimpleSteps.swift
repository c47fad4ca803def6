import CSupport

// Steps of a single row of a sequence, of a SimpleRNN or a GRU that resets before the product: instants without features, whose input's part the
// sequence's input product has made.

/// The two instants of a GRU, of which a SimpleRNN uses the second.
@unsafe private struct Instants {
  var gates: Instant
  var last: Instant
}

@_transparent
private func instant(
  units: Int, vectors: Int, panels: Int, function: Int, _ recurrent: UnsafePointer<Scalar>, _ start: UnsafePointer<Scalar>,
  h: UnsafeMutablePointer<Scalar>, hNew: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>
) -> Instant {
  let (whole, rest) = (vectors / panels, vectors % panels)
  return unsafe Instant(
    inputCount: 0, input: recurrent, inputStart: start, units: units, recurrent: recurrent, recurrentStart: start,
    blocks: rest == 0 ? whole : whole &+ 1, tailUnits: 0, tailInput: recurrent, tailInputStart: start, tailRecurrent: recurrent,
    tailRecurrentStart: start, tailCandidates: BitVector.zero, tailFirst: Vector.zero, tailSecond: Vector.zero, tailThird: Vector.zero, h: h,
    hNew: hNew, c: scratch, panels: panels, whole: whole, rest: rest, function: function)
}

/// Advances one row by `steps` steps, the state going to and fro between `h` and `hNew`: after an odd number it is in `hNew`.
///
/// - Shapes: `z` of each step, `zStep` numbers behind that of the step before (ahead of it, if negative), is what a step's input product makes;
///   `h` and `hNew [vectors, lanes]`; `weights [groups, H, panels, lanes]` with `start`. A GRU has `gates [groups, H, 4, lanes]` with
///   `gateStart` and `scratch [4, vectors, lanes]`; other layers pass nil and `scratch [vectors, lanes]`. The new state goes to `out` (nil:
///   nowhere), steps `outStep` apart, any alignment. See ``simpleInstantGroups`` and ``resetInstantGroups``.
///
/// Several threads may run it at the same time on the same arguments, as in ``gruSteps``; the gates of a GRU are steps of their own in the meeting.
@inline(never)  // see project
public func simpleSteps(
  _ z: UnsafePointer<Scalar>, _ zStep: Int, steps: Int, _ h: UnsafeMutablePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>, units: Int,
  vectors: Int, _ gates: UnsafePointer<Scalar>?, _ gateStart: UnsafePointer<Scalar>, _ scratch: UnsafeMutablePointer<Scalar>,
  _ weights: UnsafePointer<Scalar>, _ start: UnsafePointer<Scalar>, panels: Int, function: Int, _ out: UnsafeMutablePointer<Scalar>?, _ outStep: Int,
  _ meeting: UnsafeMutableRawPointer?, own: Int, parts: Int
) {
  // SAFETY: the caller's contract.
  var it = unsafe Instants(
    gates: instant(
      units: units, vectors: vectors, panels: 2, function: 0, gates ?? weights, gateStart, h: h, hNew: hNew, scratch: scratch),
    last: instant(
      units: units, vectors: vectors, panels: panels, function: function, weights, start, h: h, hNew: hNew, scratch: scratch))
  let isGRU = unsafe gates != nil
  if isGRU {
    unsafe it.last.h = scratch
    unsafe it.last.c = scratch + vectors &* lanes
  }
  let phases = isGRU ? 2 : 1
  var from = unsafe h
  var to = unsafe hNew
  var alone: Int32 = 0
  var step = 0
  while step < steps {
    // SAFETY: the step exists.
    let here = unsafe z + step &* zStep
    let place = unsafe out.map { unsafe $0 + step &* outStep }
    if isGRU {
      unsafe it.gates.inputStart = here
      unsafe it.gates.h = from
      unsafe it.gates.hNew = to
      unsafe it.last.inputStart = here + 2 &* lanes
    } else {
      unsafe it.last.inputStart = here
      unsafe it.last.h = from
      unsafe it.last.hNew = to
    }
    var phase = 0
    while phase < phases {
      phase &+= 1
      let isLast = phase == phases
      let groups = unsafe isLast ? it.last.blocks : it.gates.blocks
      // SAFETY: the caller's contract: a meeting's memory.
      if let meeting = unsafe meeting?.assumingMemoryBound(to: lstm_meeting_word.self) {
        while true {
          let part = unsafe Int(lstm_meeting_next(meeting, Int64(parts), Int64(own), Int64(step &* phases &+ phase), &alone))
          if part < 0 { break }
          let (first, end) = (groups &* part / parts, groups &* (part &+ 1) / parts)
          if isLast {
            unsafe resetInstantCandidates(&it, here, first, end)
            let unit = first &* (panels &* lanes)
            if let place = unsafe place { unsafe copyNumbers(to + unit, place + unit, smaller(end &* (panels &* lanes), units) &- unit) }
          } else {
            unsafe resetInstantGroups(&it, here, first, end)
          }
          unsafe lstm_meeting_end(meeting)
        }
      } else if isLast {
        unsafe resetInstantCandidates(&it, here, 0, groups)
        if let place = unsafe place { unsafe copyNumbers(to, place, units) }
      } else {
        unsafe resetInstantGroups(&it, here, 0, groups)
      }
    }
    unsafe it.gates.isBackward.toggle()
    unsafe it.last.isBackward.toggle()
    let made = unsafe to
    unsafe to = from
    unsafe from = made
    step &+= 1
  }
}
