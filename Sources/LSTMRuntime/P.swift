import LSTMKernels
import LSTMKernelsV3
import LSTMKernelsV4
import LSTMKernels64V4
import CSupport
public func cpu() -> Int { Int(lstm_support_cpu_level()) + LSTMKernelsV4.lanes }
