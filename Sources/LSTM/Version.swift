import CLSTM
import LSTMRuntime

@_cdecl("lstm_abi_version") @implementation
public func lstm_abi_version() -> Int32 { Int32(cpu()) }
