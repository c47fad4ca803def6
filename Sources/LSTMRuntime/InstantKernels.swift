import LSTMCaller

#if LSTM_FLOAT64
  import LSTMKernels64
  import LSTMKernels64V3
  import LSTMKernels64V4
#else
  import LSTMKernels
  import LSTMKernelsV3
  import LSTMKernelsV4
#endif

/// The kernels of one instruction set for steps of streams. They work on memory that they have prepared.
@unsafe struct InstantKernels: Sendable {
  typealias Read = UnsafePointer<Scalar>
  typealias Write = UnsafeMutablePointer<Scalar>

  /// Bytes of prepared memory.
  let bytes: Int
  /// See the kernels' functions of these names.
  let tail: @Sendable (Int) -> Int
  let prepare:
    @Sendable (
      UnsafeMutableRawPointer, Int, Read, Read, Int, Read, Read, Int, Int, Read, Read, Read, Read, Write, Write, Write, Int, Int, Int
    ) -> Void
  let settle: @Sendable (UnsafeMutableRawPointer, Write) -> Void
  let finish: @Sendable (UnsafeMutableRawPointer, Write) -> Void
  let lstm: DirectStep.Function
  let gru: DirectStep.Function
  let simple: DirectStep.Function
  let reset: DirectStep.Function
  /// Parts of such steps.
  let lstmBlocks: SharedLayer.Part
  let gruBlocks: SharedLayer.Part
  let simpleGroups: SharedLayer.Part
  let resetGroups: SharedLayer.Part
  let resetCandidates: SharedLayer.Part
  /// Steps of sequences.
  let lstmSteps:
    @Sendable (
      Read, Int, Int, Int, Write, Write, Write, Int, Int, Int, Read, Int, Read, Write?, Int, Int, UnsafeMutableRawPointer?, Int, Int
    ) -> Void
  let gruSteps:
    @Sendable (Read, Int, Int, Int, Write, Write, Int, Int, Int, Read, Int, Read, Write?, Int, Int, UnsafeMutableRawPointer?, Int, Int) -> Void
  let simpleSteps:
    @Sendable (
      Read, Int, Int, Write, Write, Int, Int, Read?, Read, Write, Read, Read, Int, Int, Write?, Int, UnsafeMutableRawPointer?, Int, Int
    ) -> Void

  #if LSTM_FLOAT64
    static let baseline = unsafe InstantKernels(
      bytes: LSTMKernels64.instantBytes, tail: LSTMKernels64.instantTail(_:),
      prepare: LSTMKernels64.prepareInstant(_:inputCount:_:_:units:_:_:blocks:tailUnits:_:_:_:_:h:hNew:c:panels:vectors:function:),
      settle: LSTMKernels64.settleInstant(_:_:), finish: LSTMKernels64.finishInstant(_:_:),
      lstm: { unsafe LSTMKernels64.lstmInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      gru: { unsafe LSTMKernels64.gruInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      simple: { unsafe LSTMKernels64.simpleInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      reset: { unsafe LSTMKernels64.resetInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      lstmBlocks: LSTMKernels64.lstmInstantBlocks(_:_:_:_:), gruBlocks: LSTMKernels64.gruInstantBlocks(_:_:_:_:),
      simpleGroups: LSTMKernels64.simpleInstantGroups(_:_:_:_:), resetGroups: LSTMKernels64.resetInstantGroups(_:_:_:_:),
      resetCandidates: LSTMKernels64.resetInstantCandidates(_:_:_:_:),
      lstmSteps: LSTMKernels64.lstmSteps(_:_:_:steps:_:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      gruSteps: LSTMKernels64.gruSteps(_:_:_:steps:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      simpleSteps: LSTMKernels64.simpleSteps(_:_:steps:_:_:units:vectors:_:_:_:_:_:panels:function:_:_:_:own:parts:))
    static let v3 = unsafe InstantKernels(
      bytes: LSTMKernels64V3.instantBytes, tail: LSTMKernels64V3.instantTail(_:),
      prepare: LSTMKernels64V3.prepareInstant(_:inputCount:_:_:units:_:_:blocks:tailUnits:_:_:_:_:h:hNew:c:panels:vectors:function:),
      settle: LSTMKernels64V3.settleInstant(_:_:), finish: LSTMKernels64V3.finishInstant(_:_:),
      lstm: { unsafe LSTMKernels64V3.lstmInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      gru: { unsafe LSTMKernels64V3.gruInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      simple: { unsafe LSTMKernels64V3.simpleInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      reset: { unsafe LSTMKernels64V3.resetInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      lstmBlocks: LSTMKernels64V3.lstmInstantBlocks(_:_:_:_:), gruBlocks: LSTMKernels64V3.gruInstantBlocks(_:_:_:_:),
      simpleGroups: LSTMKernels64V3.simpleInstantGroups(_:_:_:_:), resetGroups: LSTMKernels64V3.resetInstantGroups(_:_:_:_:),
      resetCandidates: LSTMKernels64V3.resetInstantCandidates(_:_:_:_:),
      lstmSteps: LSTMKernels64V3.lstmSteps(_:_:_:steps:_:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      gruSteps: LSTMKernels64V3.gruSteps(_:_:_:steps:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      simpleSteps: LSTMKernels64V3.simpleSteps(_:_:steps:_:_:units:vectors:_:_:_:_:_:panels:function:_:_:_:own:parts:))
    static let v4 = unsafe InstantKernels(
      bytes: LSTMKernels64V4.instantBytes, tail: LSTMKernels64V4.instantTail(_:),
      prepare: LSTMKernels64V4.prepareInstant(_:inputCount:_:_:units:_:_:blocks:tailUnits:_:_:_:_:h:hNew:c:panels:vectors:function:),
      settle: LSTMKernels64V4.settleInstant(_:_:), finish: LSTMKernels64V4.finishInstant(_:_:),
      lstm: { unsafe LSTMKernels64V4.lstmInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      gru: { unsafe LSTMKernels64V4.gruInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      simple: { unsafe LSTMKernels64V4.simpleInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      reset: { unsafe LSTMKernels64V4.resetInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      lstmBlocks: LSTMKernels64V4.lstmInstantBlocks(_:_:_:_:), gruBlocks: LSTMKernels64V4.gruInstantBlocks(_:_:_:_:),
      simpleGroups: LSTMKernels64V4.simpleInstantGroups(_:_:_:_:), resetGroups: LSTMKernels64V4.resetInstantGroups(_:_:_:_:),
      resetCandidates: LSTMKernels64V4.resetInstantCandidates(_:_:_:_:),
      lstmSteps: LSTMKernels64V4.lstmSteps(_:_:_:steps:_:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      gruSteps: LSTMKernels64V4.gruSteps(_:_:_:steps:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      simpleSteps: LSTMKernels64V4.simpleSteps(_:_:steps:_:_:units:vectors:_:_:_:_:_:panels:function:_:_:_:own:parts:))
  #else
    static let baseline = unsafe InstantKernels(
      bytes: LSTMKernels.instantBytes, tail: LSTMKernels.instantTail(_:),
      prepare: LSTMKernels.prepareInstant(_:inputCount:_:_:units:_:_:blocks:tailUnits:_:_:_:_:h:hNew:c:panels:vectors:function:),
      settle: LSTMKernels.settleInstant(_:_:), finish: LSTMKernels.finishInstant(_:_:),
      lstm: { unsafe LSTMKernels.lstmInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      gru: { unsafe LSTMKernels.gruInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      simple: { unsafe LSTMKernels.simpleInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      reset: { unsafe LSTMKernels.resetInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      lstmBlocks: LSTMKernels.lstmInstantBlocks(_:_:_:_:), gruBlocks: LSTMKernels.gruInstantBlocks(_:_:_:_:),
      simpleGroups: LSTMKernels.simpleInstantGroups(_:_:_:_:), resetGroups: LSTMKernels.resetInstantGroups(_:_:_:_:),
      resetCandidates: LSTMKernels.resetInstantCandidates(_:_:_:_:),
      lstmSteps: LSTMKernels.lstmSteps(_:_:_:steps:_:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      gruSteps: LSTMKernels.gruSteps(_:_:_:steps:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      simpleSteps: LSTMKernels.simpleSteps(_:_:steps:_:_:units:vectors:_:_:_:_:_:panels:function:_:_:_:own:parts:))
    static let v3 = unsafe InstantKernels(
      bytes: LSTMKernelsV3.instantBytes, tail: LSTMKernelsV3.instantTail(_:),
      prepare: LSTMKernelsV3.prepareInstant(_:inputCount:_:_:units:_:_:blocks:tailUnits:_:_:_:_:h:hNew:c:panels:vectors:function:),
      settle: LSTMKernelsV3.settleInstant(_:_:), finish: LSTMKernelsV3.finishInstant(_:_:),
      lstm: { unsafe LSTMKernelsV3.lstmInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      gru: { unsafe LSTMKernelsV3.gruInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      simple: { unsafe LSTMKernelsV3.simpleInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      reset: { unsafe LSTMKernelsV3.resetInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      lstmBlocks: LSTMKernelsV3.lstmInstantBlocks(_:_:_:_:), gruBlocks: LSTMKernelsV3.gruInstantBlocks(_:_:_:_:),
      simpleGroups: LSTMKernelsV3.simpleInstantGroups(_:_:_:_:), resetGroups: LSTMKernelsV3.resetInstantGroups(_:_:_:_:),
      resetCandidates: LSTMKernelsV3.resetInstantCandidates(_:_:_:_:),
      lstmSteps: LSTMKernelsV3.lstmSteps(_:_:_:steps:_:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      gruSteps: LSTMKernelsV3.gruSteps(_:_:_:steps:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      simpleSteps: LSTMKernelsV3.simpleSteps(_:_:steps:_:_:units:vectors:_:_:_:_:_:panels:function:_:_:_:own:parts:))
    static let v4 = unsafe InstantKernels(
      bytes: LSTMKernelsV4.instantBytes, tail: LSTMKernelsV4.instantTail(_:),
      prepare: LSTMKernelsV4.prepareInstant(_:inputCount:_:_:units:_:_:blocks:tailUnits:_:_:_:_:h:hNew:c:panels:vectors:function:),
      settle: LSTMKernelsV4.settleInstant(_:_:), finish: LSTMKernelsV4.finishInstant(_:_:),
      lstm: { unsafe LSTMKernelsV4.lstmInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      gru: { unsafe LSTMKernelsV4.gruInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      simple: { unsafe LSTMKernelsV4.simpleInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      reset: { unsafe LSTMKernelsV4.resetInstant($0, $1.assumingMemoryBound(to: Scalar.self), $2.assumingMemoryBound(to: Scalar.self)) },
      lstmBlocks: LSTMKernelsV4.lstmInstantBlocks(_:_:_:_:), gruBlocks: LSTMKernelsV4.gruInstantBlocks(_:_:_:_:),
      simpleGroups: LSTMKernelsV4.simpleInstantGroups(_:_:_:_:), resetGroups: LSTMKernelsV4.resetInstantGroups(_:_:_:_:),
      resetCandidates: LSTMKernelsV4.resetInstantCandidates(_:_:_:_:),
      lstmSteps: LSTMKernelsV4.lstmSteps(_:_:_:steps:_:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      gruSteps: LSTMKernelsV4.gruSteps(_:_:_:steps:_:_:_:rows:count:_:blocks:_:_:_:_:_:own:parts:),
      simpleSteps: LSTMKernelsV4.simpleSteps(_:_:steps:_:_:units:vectors:_:_:_:_:_:panels:function:_:_:_:own:parts:))
  #endif
}
