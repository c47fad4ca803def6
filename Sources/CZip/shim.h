/* libzip for Swift. */
#ifndef LSTM_CZIP_SHIM_H
#define LSTM_CZIP_SHIM_H

#include <zip.h>

#endif
